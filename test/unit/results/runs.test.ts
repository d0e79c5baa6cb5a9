import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../harness/core/outcome.ts';
import { chanceOf, settle, tallyOf } from '../../../harness/results/runs.ts';

const runs = (text: string) =>
  (text === '' ? [] : text.split(' ')).map((outcome) => ({ outcome: outcome as Outcome, reason: '' }));

test.each([
  ['', undefined],
  ['pass', 'pass'],
  ['fail fail fail', 'fail'],
  ['pass fail', 'flaky'],
  ['pass fault pass', 'fault'],
  ['pass known', 'known'],
  // A guest that was lost says nothing.
  ['error pass pass', 'pass'],
  ['error vacuous', 'error'],
])('"%s" comes to %s', (text, outcome) => {
  expect(settle(runs(text))?.outcome).toBe(outcome);
});

test('what disagrees says how often', () => {
  expect(settle(runs('pass fail pass'))?.reason).toBe('runs disagree: 2 pass, 1 fail');
  expect(tallyOf(runs('fail pass fail'))).toBe('2 fail, 1 pass');
});

describe('odds, by hand', () => {
  test.each([
    ['pass pass pass', 'fail fail fail', 1 / 20],
    ['pass pass pass pass', 'fail fail fail fail fail fail', 1 / 210],
    // 2 of 8 red, both of them patched: 6 of 28 ways.
    ['pass pass pass pass', 'fail pass pass fail', 6 / 28],
    ['pass', 'pass', 1],
    ['error', 'fail', 1],
  ])('base "%s", patched "%s"', (base, patched, chance) => {
    expect(chanceOf({ base: runs(base), patched: runs(patched) })).toBeCloseTo(chance, 10);
  });
});
