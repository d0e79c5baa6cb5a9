/** Runs the cells of a night one after another: each has the whole machine, and a run folder of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { quoteCommand, spawn } from '../../core/exec.ts';
import { PROJECT } from '../../core/paths.ts';
import {
  cellFolder,
  cellLog,
  cellResults,
  isDone,
  nightsBefore,
  setAside,
  type Night,
  type NightJob,
} from './night.ts';
import { runWords } from './plan.ts';
import type { NightCell } from './summary.ts';

export interface NightRunOptions {
  readonly folder: string;
  readonly night: Night;
  /** Those of the night that are to be run. */
  readonly jobs: readonly NightJob[];
  /** More words for each `mmapvet run`. */
  readonly words: readonly string[];
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** What stands in for `scripts/mmapvet` in tests. */
  readonly program?: readonly [string, ...string[]];
}

/** An interrupted run has guests to end and verdicts to keep before it is killed. */
const LAST_WORDS_MS = 60_000;

/** @returns the exit codes of the runs that it started; what they found is in their folders */
export async function runJobs(options: NightRunOptions): Promise<ReadonlyMap<string, number>> {
  const { folder, jobs, signal, say } = options;
  const codes = new Map<string, number>();
  for (const [index, job] of jobs.entries()) {
    const name = `[${index + 1}/${jobs.length}] ${job.id}`;
    if (isDone(cellResults(folder, job))) {
      say(`${name}: done before`);
      continue;
    }
    say(`${name}: begins, ${clock()} UTC`);
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    const code = await runJob(options, job);
    if (signal.aborted) return codes;
    codes.set(job.id, code);
    say(`${name}: exit ${code}; ${cellLog(folder, job)}`);
  }
  return codes;
}

const clock = (): string => new Date().toISOString().slice(11, 16);

async function runJob(options: NightRunOptions, job: NightJob): Promise<number> {
  const { folder, night, words, signal, program = [join(PROJECT, 'scripts/mmapvet')] } = options;
  setAside(folder, job);
  const command: readonly [string, ...string[]] = [
    ...program,
    ...runWords(night, job, cellFolder(folder, job)),
    ...words,
  ];
  const file = cellLog(folder, job);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `$ ${quoteCommand(command)}\n`, { mode: 0o600 });
  const { exitCode } = await spawn(command, {
    stdout: { file, append: true },
    stderr: { file, append: true },
    cancelSignal: signal,
    forceKillAfterDelay: LAST_WORDS_MS,
    buffer: false,
    reject: false,
  });
  return exitCode ?? NO_CODE;
}

/** Of a run that a signal ended, as a shell would say. */
const NO_CODE = 128;

/** What is known of these jobs, and what the last night knew. @param against the night to compare with, if not the last */
export function collectCells(
  folder: string,
  { at }: Pick<Night, 'at'>,
  jobs: readonly NightJob[],
  codes: ReadonlyMap<string, number>,
  against?: string,
): NightCell[] {
  const earlier = against === undefined ? nightsBefore(folder, at) : [against];
  return jobs.map((job) => ({
    job,
    results: cellResults(folder, job),
    exitCode: codes.get(job.id) ?? null,
    before: earlier.map((night) => cellResults(night, job)).find((results) => results !== null) ?? null,
  }));
}
