import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OUTCOMES } from '../../../../harness/core/outcome.ts';
import {
  durationOf,
  eachVerdict,
  outcomeOf,
  packVerdicts,
  ranOf,
  type PackedVerdict,
} from '../../../../harness/results/history/packed.ts';
import { OUTCOME_CODES } from '../../../../harness/results/history/schema.ts';

const unpack = (bytes: Uint8Array): PackedVerdict[] => {
  const all: PackedVerdict[] = [];
  eachVerdict(bytes, (cell, word) =>
    all.push({ cell, outcome: outcomeOf(word), ran: ranOf(word), durationMs: durationOf(word) }),
  );
  return all;
};

it('gives back what was packed', () => {
  const verdict = fc.record({
    cell: fc.nat({ max: 2 ** 32 - 1 }),
    outcome: fc.constantFrom(...OUTCOMES),
    ran: fc.boolean(),
    durationMs: fc.nat({ max: 2 ** 27 - 1 }),
  });
  fc.assert(
    fc.property(fc.array(verdict), (all) => {
      expect(unpack(packVerdicts(all))).toEqual(all);
    }),
  );
});

it('keeps a duration beyond all bounds within its bits', () => {
  const odd = { cell: 1, outcome: 'fail', ran: true } as const;
  expect(unpack(packVerdicts([{ ...odd, durationMs: Number.MAX_SAFE_INTEGER }]))[0]).toMatchObject(odd);
});

it('leaves out an outcome that only a newer version knows, and the others in', () => {
  const bytes = packVerdicts([7, 8].map((cell) => ({ cell, outcome: 'pass', ran: true, durationMs: 1 })));
  bytes[4] = (bytes[4] ?? 0) | 15;
  expect(unpack(bytes).map(({ cell }) => cell)).toEqual([8]);
});

it('has a number of its own for each outcome, and never another one', () => {
  expect(OUTCOME_CODES).toEqual({
    pass: 0,
    fail: 1,
    changed: 2,
    fault: 3,
    vacuous: 4,
    error: 5,
    'not-applicable': 6,
    flaky: 7,
    known: 8,
  });
});
