import { expect, test } from 'vitest';
import { ConsoleLines } from '../../../harness/machine/console.ts';

test('chunks become lines, carriage returns go, the unfinished line is shown last', () => {
  const console = new ConsoleLines();
  const seen: string[] = [];
  console.subscribe((line) => seen.push(line));
  console.push('one\r\ntw');
  console.push('o\nthr');
  expect(seen).toEqual(['one', 'two']);
  expect(console.lines()).toEqual(['one', 'two', 'thr']);
});

test('a guest that never ends its line, or floods, stays bounded', () => {
  const console = new ConsoleLines();
  for (let i = 0; i < 100; i += 1) console.push('x'.repeat(10_000));
  expect(Math.max(...console.lines().map((line) => line.length))).toBeLessThanOrEqual(16 * 1024);
  for (let i = 0; i < 100_000; i += 1) console.push('flood\n');
  expect(console.lines().length).toBeLessThanOrEqual(40_000);
  expect(console.total).toBeGreaterThan(100_000);
});

test('an ended subscription hears no more', () => {
  const console = new ConsoleLines();
  const seen: string[] = [];
  const end = console.subscribe((line) => seen.push(line));
  end();
  console.push('late\n');
  expect(seen).toEqual([]);
});

test('the lines up to a point, whatever came later or was dropped', () => {
  const lines = new ConsoleLines();
  lines.push('one\ntwo\n');
  const { total } = lines;
  lines.push('three\nfo');
  expect(lines.linesUpTo(total)).toEqual(['one', 'two']);
  lines.push(`ur\n${'x\n'.repeat(50_000)}`);
  expect(lines.linesUpTo(total)).toEqual([]);
});
