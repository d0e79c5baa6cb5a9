import { expect, test } from 'vitest';
import { memoryText } from '../../../harness/report/timing.ts';

test('of the guests of a target the one whose kernel had most is told, and none that did not say', () => {
  const guest = (target: string, number: number, kib: number | null) => ({ target, guest: number, kib });
  const guests = [guest('x86_64', 1, 20_000), guest('x86_64', 2, 30_720), guest('x86_64', 3, null)];
  expect(memoryText([...guests, guest('arm64', 1, 512)])).toEqual([
    '  x86_64  kernel memory 30 MiB at the end of guest 2, the most of 2',
    '  arm64   kernel memory 512 KiB at the end of guest 1',
  ]);
  expect(memoryText([guest('arm64', 1, null)])).toEqual([]);
});
