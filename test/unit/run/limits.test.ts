import { expect, test } from 'vitest';
import { Gate, guestsAtOnce } from '../../../harness/run/limits.ts';

test('a gate lets in no more than its limit, and the next when one leaves, also by an error', async () => {
  const gate = new Gate(2);
  let inside = 0;
  let most = 0;
  const work = (index: number) =>
    gate.hold(async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((done) => setImmediate(done));
      inside -= 1;
      if (index === 1) throw new Error('failed inside');
      return index;
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(most).toBe(2);
  expect(results.map((result) => result.status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
});

test('guests at once: cores bound them, then memory, never fewer than one', () => {
  expect(guestsAtOnce(512, 2, 24_000)).toBe(2);
  expect(guestsAtOnce(512, 16, 2000)).toBe(3);
  expect(guestsAtOnce(512, 2, 100)).toBe(1);
});

test('the heaviest of those that wait comes next, the first of equals first', async () => {
  const gate = new Gate(1);
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = gate.hold(() => promise);
  const others = [
    ['light', 1],
    ['heavy', 5],
    ['light too', 1],
    ['heaviest', 9],
  ] as const;
  const held = others.map(([name, weight]) => gate.hold(async () => void order.push(name), weight));
  resolve();
  await Promise.all([first, ...held]);
  expect(order).toEqual(['heaviest', 'heavy', 'light', 'light too']);
});
