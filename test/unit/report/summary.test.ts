import { describe, expect, it } from 'vitest';
import { unionMs } from '../../../harness/report/lines/summary.ts';

describe('unionMs', () => {
  it.each([
    [[], 0],
    [[[0, 10]], 10],
    [
      [
        [0, 10],
        [5, 15],
      ],
      15,
    ],
    [
      [
        [5, 15],
        [0, 20],
      ],
      20,
    ],
    [
      [
        [0, 10],
        [20, 30],
      ],
      20,
    ],
  ])('of %j is %d', (spans, expected) => {
    expect(unionMs(spans.map(([from = 0, to = 0]) => ({ from, to })))).toBe(expected);
  });
});
