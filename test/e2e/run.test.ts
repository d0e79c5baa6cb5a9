import { expect, test } from 'vitest';
import { CATALOGUE, groupsFor } from '../../harness/contract/catalogue.ts';
import { DEFAULT_TARGETS } from '../../harness/core/arch.ts';
import { mmapvet, notPassed, runForResults } from './mmapvet.ts';

const CELLS_A_TARGET = groupsFor([])
  .flatMap((group) => group.clauses)
  .flatMap((clause) => clause.paths).length;

/** What the base kernels have no part of: no kmemleak, no /dev/mem, no tagged memory on x86_64, no PAT on arm64. */
const NOT_THERE = ['arm64 N06', 'arm64 O04', 'arm64 O06', 'x86_64 N06', 'x86_64 O02', 'x86_64 O06'];

test('the default kernel, both targets: every cell passes, and nothing is built twice', async () => {
  const first = await runForResults();
  const others = notPassed(first.results);
  expect(others.filter((line) => !line.includes(': not-applicable: '))).toEqual([]);
  expect(others.map((line) => line.split('.')[0] ?? '').toSorted()).toEqual(NOT_THERE);
  expect(first.code).toBe(0);
  for (const { name } of DEFAULT_TARGETS)
    expect(first.results.cells.filter((cell) => cell.target === name)).toHaveLength(CELLS_A_TARGET);
  for (const cell of first.results.cells.filter(({ outcome }) => outcome === 'pass')) {
    expect(cell.observers.driver.length, `${cell.clause}: the driver's facts`).toBeGreaterThan(0);
    expect(cell.observers.user.length, `${cell.clause}: the user's facts`).toBeGreaterThan(0);
  }

  const second = await runForResults();
  expect(second.code).toBe(0);
  expect(second.results.builds.map((build) => build.key)).toEqual(first.results.builds.map((build) => build.key));
});

test('the probes and the catalogue name the same cells', async () => {
  const { stdout } = await mmapvet('shell', '--target', 'x86_64', '--', '/mmapvet/mmapvet-probes', '--list');
  const listed = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const known = CATALOGUE.flatMap((group) => group.clauses).flatMap((clause) =>
    clause.paths.map((path) => `${clause.id}.${path}\t${clause.title}`),
  );
  expect(listed.toSorted()).toEqual(known.toSorted());
});
