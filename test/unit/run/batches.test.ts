import { expect, test } from 'vitest';
import { CATALOGUE, cellsFor } from '../../../harness/contract/catalogue.ts';
import { planBatches } from '../../../harness/run/batches.ts';

const CHECKS = cellsFor(
  CATALOGUE.flatMap((group) => group.clauses).filter((clause) => ['A01', 'A02', 'E02'].includes(clause.id)),
  [],
);
const shape = (...args: Parameters<typeof planBatches>) =>
  planBatches(...args).map(({ name, checks, guest, repeat }) => [
    name,
    [...new Set(checks.map(({ clause }) => clause.id))].join(' '),
    guest,
    repeat,
  ]);

test.each([
  [
    'group',
    [
      ['A', 'A01 A02'],
      ['E', 'E02'],
    ],
  ],
  [
    'clause',
    [
      ['A01', 'A01'],
      ['A02', 'A02'],
      ['E02', 'E02'],
    ],
  ],
  ['none', [['all', 'A01 A02 E02']]],
] as const)('--isolate %s', (isolate, expected) => {
  expect(shape(CHECKS, isolate, 1, false)).toEqual(expected.map((row) => [...row, 'any', 1]));
});

test('no cell is lost or doubled', () => {
  const all = CATALOGUE.flatMap((group) => group.clauses);
  const checks = cellsFor(all, []);
  for (const isolate of ['group', 'clause', 'none'] as const)
    expect(new Set(planBatches(checks, isolate, 1, false).flatMap((batch) => batch.checks))).toEqual(new Set(checks));
});

test('every second repeat is on a booted guest; with --boot all are', () => {
  expect(shape(CHECKS, 'none', 4, false).map((row) => row[2])).toEqual(['any', 'booted', 'any', 'booted']);
  expect(shape(CHECKS, 'none', 2, true).map((row) => row[2])).toEqual(['booted', 'booted']);
});
