import { expect, test } from 'vitest';
import { certainty, confidence, MOST_RUNS, percent, runsNeeded } from '../../../../harness/vet/bisect/odds.ts';

test('a steady fault needs few runs, a rare one many, and no more than the most', () => {
  expect(runsNeeded({ shown: 3, runs: 3 }, 3)).toBe(3);
  expect(runsNeeded({ shown: 12, runs: 12 }, 3)).toBe(3);
  expect(runsNeeded({ shown: 6, runs: 12 }, 3)).toBe(7);
  expect(runsNeeded({ shown: 1, runs: 12 }, 3)).toBe(MOST_RUNS);
  expect(runsNeeded({ shown: 3, runs: 3 }, 5)).toBe(5);
});

test('what a verdict of good is worth: 1-(1-p)^runs, by a p that is never 1', () => {
  expect(certainty({ shown: 8, runs: 8 }, 1)).toBeCloseTo(0.9);
  expect(certainty({ shown: 8, runs: 8 }, 3)).toBeCloseTo(0.999);
  expect(certainty({ shown: 0, runs: 0 }, 2)).toBeCloseTo(0.75);
  expect(confidence({ shown: 8, runs: 8 }, [1, 1])).toBeCloseTo(0.81);
  expect(confidence({ shown: 8, runs: 8 }, [])).toBe(1);
});

test('nothing is called certain that is not', () => {
  expect(percent(0.9999)).toBe('99.9 %');
  expect(percent(0.5)).toBe('50.0 %');
});
