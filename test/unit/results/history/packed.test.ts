import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OUTCOMES } from '../../../../harness/core/outcome.ts';
import {
  durationOf,
  isKnown,
  outcomeOf,
  packVerdicts,
  ranOf,
  unpackVerdicts,
  type PackedVerdict,
} from '../../../../harness/results/history/packed.ts';
import { OUTCOME_CODES } from '../../../../harness/results/history/schema.ts';

const unpack = (bytes: Uint8Array): PackedVerdict[] => {
  const pairs = unpackVerdicts(bytes);
  return Array.from({ length: pairs.length / 2 }, (_, at) => {
    const word = pairs[at * 2 + 1] ?? 0;
    return { cell: pairs[at * 2] ?? 0, outcome: outcomeOf(word), ran: ranOf(word), durationMs: durationOf(word) };
  });
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

it('tells an outcome that only a newer version knows', () => {
  const bytes = packVerdicts([7, 8].map((cell) => ({ cell, outcome: 'pass', ran: true, durationMs: 1 })));
  bytes[4] = (bytes[4] ?? 0) | 15;
  expect([1, 3].map((at) => isKnown(unpackVerdicts(bytes)[at] ?? 0))).toEqual([false, true]);
});

it('reads bytes that lie anywhere in a buffer, and leaves out half a pair at their end', () => {
  const verdicts: PackedVerdict[] = [{ cell: 7, outcome: 'fail', ran: true, durationMs: 12 }];
  const moved = new Uint8Array(14);
  moved.set(packVerdicts(verdicts), 1);
  expect(unpack(moved.subarray(1))).toEqual(verdicts);
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
