/** Samples, kept raw and shown with their spread. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Event } from '../../harness/core/events.ts';
import { spawn } from '../../harness/core/exec.ts';
import { PROJECT } from '../../harness/core/paths.ts';
import { createScreen } from '../../harness/core/screen.ts';
import { Results } from '../../harness/results/results.ts';
import { findRun } from '../../harness/results/find-run.ts';

export const screen = createScreen(process.stdout, process.stderr);

export interface Measure {
  readonly name: string;
  /** In the order in which they were taken. */
  readonly samples: readonly number[];
  readonly unit: 's' | 'MB';
}

/** What one benchmark measures with. */
export interface Bench {
  /** A folder of its own; it goes at the end. */
  readonly folder: string;
  /** Half the usual number of samples, for a look. */
  readonly quick: boolean;
}

export const measures: Measure[] = [];

export const samplesOf = ({ quick }: Bench, usual: number): number => (quick ? Math.ceil(usual / 2) : usual);

const row = (name: string, value: string, more: string): void =>
  screen.out(`  ${name.padEnd(66)} ${value.padStart(9)}   ${more}\n`);

/** @returns the median; NaN for none */
export function note(name: string, samples: readonly number[], unit: Measure['unit'] = 's'): number {
  measures.push({ name, samples, unit });
  const sorted = samples.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const [least, most] = [sorted[0] ?? NaN, sorted.at(-1) ?? NaN];
  const spread = sorted.length < 2 ? '' : `${least.toFixed(2)} to ${most.toFixed(2)}, `;
  row(name, `${median.toFixed(2)} ${unit}`, `${spread}n=${samples.length}`);
  return median;
}

export const ratio = (name: string, value: number, limit: string): void =>
  row(name, `${value.toFixed(2)} x`, `(aim: ${limit})`);

/** What follows from several figures, against the aim. */
export const beyond = (name: string, seconds: number, limit: number): void =>
  row(name, `${seconds.toFixed(2)} s`, `(aim: at most ${limit.toFixed(1)} s)`);

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export interface Side<T> {
  readonly name: string;
  readonly run: () => Promise<T>;
}

/** The sides take turns, so that what the host does meanwhile hits all alike. */
export async function interleaved<T>(samples: number, sides: readonly Side<T>[]): Promise<Map<string, T[]>> {
  const all = new Map<string, T[]>(sides.map(({ name }) => [name, []]));
  for (let i = 0; i < samples; i += 1) for (const { name, run } of sides) all.get(name)?.push(await run());
  return all;
}

/** `scripts/mmapvet` as a user starts it. */
export const runTool = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawn([join(PROJECT, 'scripts/mmapvet'), ...args], { env: { ...env, CI: 'true' }, reject: false });

export interface Run {
  readonly seconds: number;
  /** The harness's peak. */
  readonly mb: number;
  readonly results: Results;
}

/** Runs mmapvet and watches its peak memory. */
export async function runMmapvet(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Run> {
  const start = performance.now();
  const child = runTool(['run', '--json', ...args], env);
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

/** What the newest run did, in this user's own state folder. */
export async function latestEvents(): Promise<Event[]> {
  const text = await readFile(join(findRun('latest'), 'events.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => Event.parse(JSON.parse(line)));
}

export const passed = (results: Results): string =>
  `${results.cells.filter((cell) => cell.outcome === 'pass').length} of ${results.cells.length} cells passed`;
