import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooFast, rateBetween } from '../../../harness/machine/clock.ts';

/** What is seen of a guest whose clock runs `rate` times as fast, with the delays of both answers. */
function seen(rate: number, apartMs: number, delays: readonly [number, number, number, number]) {
  const [before1, after1, before2, after2] = delays;
  const stamp = (at: number, before: number, after: number) => ({
    askedMs: at - before,
    cameMs: at + after,
    guestMs: at * rate,
  });
  return rateBetween(stamp(1000, before1, after1), stamp(1000 + after1 + apartMs + before2, before2, after2));
}

test('the true rate lies within the bounds, however late the answers are', () => {
  const delay = fc.double({ min: 0, max: 5000, noNaN: true });
  fc.assert(
    fc.property(
      fc.double({ min: 0.05, max: 20, noNaN: true }),
      fc.double({ min: 1, max: 1000, noNaN: true }),
      fc.tuple(delay, delay, delay, delay),
      (rate, apart, delays) => {
        const { least, most } = seen(rate, apart, delays);
        expect(least).toBeLessThanOrEqual(rate * (1 + 1e-9));
        expect(most).toBeGreaterThanOrEqual(rate * (1 - 1e-9));
      },
    ),
  );
});

test('a clock that keeps time is never refused, nor one that stood still; one that is too fast is, where answers come soon', () => {
  expect(isTooFast(seen(1, 200, [4000, 3000, 2000, 1000]))).toBe(false);
  for (const rate of [1, 0.1]) expect(isTooFast(seen(rate, 200, [1, 1, 1, 1]))).toBe(false);
  for (const rate of [10, 2]) expect(isTooFast(seen(rate, 200, [10, 10, 10, 10]))).toBe(true);
});
