/**
 * One more cell of the matrix in each run of all tests, chosen by date, so that none goes unseen for long; all of them are
 * the business of scripts/nightly. It has what is left of an hour. A cell that could not be decided for reasons that lie
 * outside of this project is skipped, and says so.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../harness/core/events.ts';
import { spawn } from '../harness/core/exec.ts';
import { EXIT } from '../harness/core/outcome.ts';
import { KERNEL_CONFIG, PROJECT } from '../harness/core/paths.ts';
import { readRun } from '../harness/results/stored-run.ts';
import { loadConfig } from '../harness/run/config-file.ts';
import { jobOfDay, jobsOf, type Job } from '../harness/vet/nightly/jobs.ts';
import type { Verdict } from './checks.ts';

const MATRIX = join(KERNEL_CONFIG, 'nightly.yaml');

/** What the end-to-end tests build and vet anyway. */
const SEEN: readonly string[] = ['7.3/x86_64/base', '7.3/arm64/base'];

const MINUTE = 60_000;
/** A cold build took up to 13 minutes on two cores; its guests a few. */
const MOST_MS = 30 * MINUTE;
/** Less is not worth beginning. */
const LEAST_MS = 10 * MINUTE;
/** For a run that is stopped to end its guests. */
const LAST_WORDS_MS = MINUTE;

export function chooseCell(jobs: readonly Job[], date: Date): Job | null {
  return jobOfDay(
    jobs.filter(({ id }) => !SEEN.includes(id)),
    date,
  );
}

/** Trouble that is neither the kernel's nor ours: the archive, the network, the disk. */
const OUTSIDE = /^(?:APT_\w+|KERNEL_NO_PACKAGE|NO_SPACE)$/;

export interface CellEnd {
  /** Null: its time was over. */
  readonly exitCode: number | null;
  readonly events: readonly Event[];
  readonly minutes: number;
}

export function judgeCell({ exitCode, events, minutes }: CellEnd): Verdict {
  if (exitCode === null) return { kind: 'skipped', why: `it was not done after ${minutes} minutes` };
  if (exitCode === EXIT.good) return { kind: 'passed' };
  const errors = events.flatMap((event) => (event.kind === 'note' && event.level === 'error' ? [event] : []));
  const outside = errors.find(({ code }) => OUTSIDE.test(code ?? ''));
  if (exitCode === EXIT.undecided && outside !== undefined) return { kind: 'skipped', why: outside.text };
  return { kind: 'failed', output: `mmapvet run ended with exit code ${exitCode}; its report is above.` };
}

export interface CellOptions {
  /** Its id, in place of the day's; `none` for none. */
  readonly wanted: string | undefined;
  /** Of the hour that all tests may take. */
  readonly leftMs: number;
  readonly now: Date;
}

/** In whole milliseconds, which is all that AbortSignal.timeout takes. */
export const cellLimitMs = (wanted: string | undefined, leftMs: number): number =>
  wanted === undefined ? Math.floor(Math.min(MOST_MS, leftMs)) : MOST_MS;

/** @returns the name of the check, with its verdict */
export async function runMatrixCell({
  wanted,
  leftMs,
  now,
}: CellOptions): Promise<{ readonly name: string; readonly verdict: Verdict }> {
  const jobs = jobsOf(await loadConfig(PROJECT, MATRIX));
  if (wanted === 'none') return { name: 'matrix cell', verdict: { kind: 'skipped', why: 'none was asked for' } };
  const job = wanted === undefined ? chooseCell(jobs, now) : jobs.find(({ id }) => id === wanted);
  if (job == null)
    return {
      name: 'matrix cell',
      verdict: { kind: 'failed', output: `There is no cell "${wanted ?? ''}" in ${MATRIX}.` },
    };
  const name = `matrix cell ${job.id}`;
  const limitMs = cellLimitMs(wanted, leftMs);
  if (limitMs < LEAST_MS) {
    const left = Math.max(0, Math.floor(leftMs / MINUTE));
    return {
      name,
      verdict: { kind: 'skipped', why: `${left} minutes of the hour are left, too few to build a kernel` },
    };
  }
  return { name, verdict: await runWithin(job, limitMs) };
}

async function runWithin({ kernel, target, profile }: Job, limitMs: number): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-cell-'));
  const timeout = AbortSignal.timeout(limitMs);
  const where = ['--config', MATRIX, '--kernel', kernel, '--target', target, '--profile', profile];
  try {
    const { exitCode } = await spawn(
      [join(PROJECT, 'scripts/mmapvet'), 'run', '--yes', ...where, '--output', join(folder, 'run')],
      {
        cwd: PROJECT,
        stdout: 'inherit',
        stderr: 'inherit',
        reject: false,
        cancelSignal: timeout,
        forceKillAfterDelay: LAST_WORDS_MS,
      },
    );
    return judgeCell({
      exitCode: timeout.aborted ? null : (exitCode ?? EXIT.undecided),
      events: readRun(join(folder, 'run')).events,
      minutes: Math.round(limitMs / MINUTE),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
