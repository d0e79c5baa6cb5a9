import { expect, test } from 'vitest';
import { countOutcomes, exitCode, OUTCOMES, weigh, type Outcome } from '../../../harness/core/outcome.ts';

const facts = (outcomes: Outcome[], more = {}) => ({
  counts: countOutcomes(outcomes),
  kernelFault: false,
  trouble: false,
  interrupted: false,
  strict: false,
  ...more,
});

test.each<[string, number, Outcome[], object]>([
  ['all pass', 0, ['pass', 'pass'], {}],
  ['pass, known, changed and not applicable', 0, ['pass', 'known', 'changed', 'not-applicable'], {}],
  ['changed under --strict', 1, ['pass', 'changed'], { strict: true }],
  ['a fail', 1, ['pass', 'fail'], {}],
  ['a fault', 1, ['pass', 'fault'], {}],
  ['a flaky cell', 1, ['pass', 'flaky'], {}],
  ['a kernel fault outside of any cell', 1, ['pass'], { kernelFault: true }],
  ['a fail outweighs trouble', 1, ['fail', 'error'], { trouble: true }],
  ['vacuous is not a pass', 2, ['pass', 'vacuous'], {}],
  ['an error', 2, ['pass', 'error'], {}],
  ['trouble without a bad cell', 2, ['pass'], { trouble: true }],
  ['nothing but not applicable', 2, ['not-applicable'], {}],
  ['nothing at all', 2, [], {}],
  ['known alone proves nothing', 2, ['known'], {}],
  ['interrupted, whatever was found', 130, ['fail'], { interrupted: true }],
])('%s: exit %i', (_, code, outcomes, more) => {
  expect(exitCode(facts(outcomes, more))).toBe(code);
});

test('each outcome is weighed and counted', () => {
  const counts = countOutcomes(OUTCOMES);
  expect(OUTCOMES.map((outcome) => [outcome, counts[outcome], weigh(outcome)])).toMatchInlineSnapshot(`
    [
      [
        "pass",
        1,
        "good",
      ],
      [
        "fail",
        1,
        "bad",
      ],
      [
        "changed",
        1,
        "good",
      ],
      [
        "fault",
        1,
        "bad",
      ],
      [
        "vacuous",
        1,
        "undecided",
      ],
      [
        "error",
        1,
        "undecided",
      ],
      [
        "not-applicable",
        1,
        "neutral",
      ],
      [
        "flaky",
        1,
        "bad",
      ],
      [
        "known",
        1,
        "good",
      ],
    ]
  `);
});
