/** Samples, kept raw and shown with their spread. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from '../../harness/core/exec.ts';
import { PROJECT } from '../../harness/core/paths.ts';
import { createScreen } from '../../harness/core/screen.ts';
import { Results } from '../../harness/results/results.ts';

export const screen = createScreen(process.stdout, process.stderr);

export interface Measure {
  readonly name: string;
  /** Seconds, in the order in which they were taken. */
  readonly samples: readonly number[];
  readonly unit: 's' | 'MB';
}

export const measures: Measure[] = [];

export function note(name: string, samples: readonly number[], unit: Measure['unit'] = 's'): number {
  measures.push({ name, samples, unit });
  const sorted = samples.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const [least, most] = [sorted[0] ?? NaN, sorted.at(-1) ?? NaN];
  screen.out(
    `  ${name.padEnd(58)} ${median.toFixed(2).padStart(8)} ${unit}   ${least.toFixed(2)} to ${most.toFixed(2)}, n=${samples.length}\n`,
  );
  return median;
}

export const ratio = (name: string, value: number, limit: string): void =>
  screen.out(`  ${name.padEnd(58)} ${value.toFixed(2).padStart(8)} x   (aim: ${limit})\n`);

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Runs mmapvet and watches its peak memory. */
export async function runMmapvet(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ seconds: number; mb: number; results: Results }> {
  const start = performance.now();
  const child = spawn([join(PROJECT, 'scripts/mmapvet'), 'run', '--json', ...args], {
    env: { ...env, CI: 'true' },
    reject: false,
  });
  let kb = 0;
  const timer = setInterval(() => {
    void readFile(`/proc/${child.pid}/status`, 'utf8').then(
      (text) => (kb = Math.max(kb, Number(/VmHWM:\s*(\d+)/.exec(text)?.[1] ?? 0))),
      () => {},
    );
  }, 50);
  const { stdout, stderr } = await child;
  clearInterval(timer);
  const seconds = (performance.now() - start) / 1000;
  try {
    return { seconds, mb: kb / 1024, results: Results.parse(JSON.parse(String(stdout))) };
  } catch (error) {
    throw new Error(`mmapvet gave no results:\n${String(stderr)}`, { cause: error });
  }
}

export const passed = (results: Results): string =>
  `${results.cells.filter((cell) => cell.outcome === 'pass').length} of ${results.cells.length} cells passed`;
