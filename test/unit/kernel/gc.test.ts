import { expect, test } from 'vitest';
import { chooseVictims, type CacheEntry } from '../../../harness/kernel/gc.ts';

const entry = (name: string, bytes: number, inUse = false): CacheEntry => ({
  name,
  folder: `/c/${name}`,
  bytes,
  usedMs: 0,
  inUse,
});
const names = (bytes: number, max: number): string[] =>
  chooseVictims(
    { bytes, entries: [entry('old', 10), entry('used', 10, true), entry('new', 10), entry('newest', 10)] },
    max,
  ).map(({ name }) => name);

test.each([
  [50, 50, []],
  [50, 45, ['old']],
  [50, 30, ['old', 'new']],
  [50, 0, ['old', 'new', 'newest']],
] as const)('of %i bytes down to %i', (bytes, max, expected) => {
  expect(names(bytes, max)).toEqual(expected);
});
