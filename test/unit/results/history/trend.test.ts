import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../harness/core/outcome.ts';
import { packVerdicts, unpackVerdicts } from '../../../../harness/results/history/packed.ts';
import type { CellPast, StoredRun } from '../../../../harness/results/history/read.ts';
import { flakesOf, median, trendOf } from '../../../../harness/results/history/trend.ts';

const CELL = { clause: 'E02', path: 'direct', target: 'x86_64', profile: 'base' };

/** `fail/b/not`: the outcome, the build, and whether the probe ran. */
function past(words: string): CellPast {
  const all = words.split(' ').map((word, index) => {
    const [outcome = 'pass', build = 'a', ran = 'ran'] = word.split('/');
    const verdict = { cell: 1, outcome: outcome as Outcome, ran: ran === 'ran', durationMs: index };
    return {
      part: { run: { id: index, name: `run${index}` } as StoredRun, build: build.codePointAt(0) ?? 0 },
      word: unpackVerdicts(packVerdicts([verdict]))[1] ?? 0,
    };
  });
  return {
    id: 1,
    cell: CELL,
    words: Uint32Array.from(all, ({ word }) => word),
    places: Uint32Array.from(all.keys()),
    parts: all.map(({ part }) => part),
  };
}

describe('trendOf', () => {
  it.each([
    ['pass fail fail', 'run1', 'run0'],
    ['fail pass pass', undefined, undefined],
    ['fail fail', 'run0', undefined],
    ['pass fail pass error vacuous', 'run3', 'run2'],
    // A run that never got to the cell neither ends nor starts a spell.
    ['pass error/a/not fail', 'run2', 'run0'],
    ['pass fail error/a/not', 'run1', 'run0'],
    ['changed known fail', 'run2', 'run1'],
    ['error/a/not', undefined, undefined],
  ])('knows since when "%s" is bad', (words, since, good) => {
    const trend = trendOf(past(words), 20);
    expect([trend.badSince?.name, trend.lastGood?.name]).toEqual([since, good]);
  });

  it('looks further back than what is shown', () => {
    const trend = trendOf(past('pass fail fail fail'), 2);
    expect(trend.badSince?.name).toBe('run1');
    expect(trend.recent).toHaveLength(2);
  });
});

describe('flakesOf', () => {
  it.each([
    ['pass pass pass', 0, 3],
    ['pass fail pass', 1, 3],
    // Two kernels may well differ.
    ['pass/a pass/a fail/b fail/b', 0, 4],
    ['pass/a fail/b', 0, 0],
    ['flaky', 1, 1],
    ['flaky pass', 1, 2],
    ['pass error/a/not', 0, 0],
    ['not-applicable pass', 0, 0],
  ])('of "%s" are %i of %i', (words, odd, of) => {
    expect(flakesOf(past(words), 20)).toEqual({ odd, of });
  });
});

describe('median', () => {
  it('is the middle, or what lies between the two middle ones', () => {
    expect([median([]), median([9]), median([9, 1, 5]), median([10, 20])]).toEqual([null, 9, 5, 15]);
  });

  it('is what sorting gives, whatever the order and however many are equal', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 1 }), (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
        expect(median(values)).toBe(Math.round((low + high) / 2));
      }),
    );
  });
});
