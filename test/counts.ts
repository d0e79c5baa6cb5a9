/** Counts of tests, and of the real cells that e2e tests decided: how they are written down, read and added up. */
import { appendFileSync } from 'node:fs';

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_TESTS: TestCounts = { passed: 0, failed: 0, skipped: 0 };

/** The line that ends every run of tests. */
export function closingLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

export const countsFileLine = (counts: TestCounts): string => `${closingLine(counts)}\n`;

export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The sum of a file's lines; null where it has none, which means that the run broke before its end. */
export function readCounts(text: string): TestCounts | null {
  const lines = [...text.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)];
  if (lines.length === 0) return null;
  return lines
    .map(([, passed, failed, skipped]) => ({
      passed: Number(passed),
      failed: Number(failed),
      skipped: Number(skipped),
    }))
    .reduce(addCounts);
}

/** For e2e tests: writes down that this many cells got a verdict from a real kernel. */
export function recordDecidedCells(target: string, cells: number): void {
  const file = process.env['MMAPVET_TEST_SUMMARY'] ?? '';
  if (file !== '') appendFileSync(file, `${target} ${cells}\n`);
}

/** Cells decided for each target: the sum of a file's `TARGET NUMBER` lines. */
export function readDecidedCells(text: string): ReadonlyMap<string, number> {
  const cells = new Map<string, number>();
  for (const [, target = '', number] of text.matchAll(/^(\S+) (\d+)$/gm))
    cells.set(target, (cells.get(target) ?? 0) + Number(number));
  return cells;
}
