import { expect, it } from 'vitest';
import { addCounts, closingLine, countsFileLine, readCounts, readDecidedCells } from '../../counts.ts';

it('the closing line is the plain one that CI reads', () => {
  expect(closingLine({ passed: 12, failed: 0, skipped: 3 })).toBe('12 passed, 0 failed, 3 skipped');
});

it('what several runs append is added up', () => {
  const one = { passed: 1, failed: 2, skipped: 3 };
  const two = { passed: 10, failed: 20, skipped: 30 };
  expect(readCounts(countsFileLine(one) + countsFileLine(two))).toEqual(addCounts(one, two));
  expect(addCounts(one, two)).toEqual({ passed: 11, failed: 22, skipped: 33 });
});

it('a run that wrote no counts broke', () => {
  expect(readCounts('')).toBeNull();
});

it('decided cells are added up for each target', () => {
  const cells = readDecidedCells('x86_64 20\narm64 7\nx86_64 3\nnoise\n');
  expect([...cells]).toEqual([
    ['x86_64', 23],
    ['arm64', 7],
  ]);
});
