/**
 * The folder of a night: what is to be done (`night.json`), a run folder for each cell of the matrix below `cells/`, and
 * what came of it. A night that was broken off goes on where it was.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, MmapvetError, usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { writeFileAtomic } from '../../results/atomic.ts';
import { Results } from '../../results/results.ts';
import type { Job } from './jobs.ts';

export const NIGHT_VERSION = 1;

const PinnedKernel = z.object({
  /** As `--kernel` takes it; null for the default. A package has its version. */
  source: z.string(),
  patches: z.array(z.string()),
  range: z.string().nullable(),
});

export const Night = z.object({
  version: z.literal(NIGHT_VERSION),
  tool: z.string(),
  at: z.iso.datetime().describe('When it was planned, UTC'),
  config: z.string().describe('The file that the matrix and its names come from'),
  kernels: z.record(z.string(), PinnedKernel),
  jobs: z.array(
    z.object({
      id: z.string(),
      kernel: z.string(),
      target: z.string(),
      profile: z.string(),
      weightMs: z.number().nonnegative().describe('What it took the last time, or a guess'),
    }),
  ),
});

export type Night = z.infer<typeof Night>;
export type NightJob = Night['jobs'][number];
export type PinnedKernel = z.infer<typeof PinnedKernel>;

const FILE = 'night.json';
export const CELLS = 'cells';

export const isNight = (folder: string): boolean => existsSync(join(folder, FILE));
export const cellFolder = (folder: string, job: Pick<Job, 'id'>): string => join(folder, CELLS, job.id);
/** What the run of a cell printed; it lies beside the run folder, which must be new when the run begins. */
export const cellLog = (folder: string, job: Pick<Job, 'id'>): string => `${cellFolder(folder, job)}.log`;

export function writeNight(folder: string, night: Night): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileAtomic(join(folder, FILE), `${JSON.stringify(night, null, 2)}\n`);
}

/** @throws MmapvetError NIGHT_BAD, NIGHT_NEWER (usage) */
export function readNight(folder: string): Night {
  const file = join(folder, FILE);
  const bad = (why: string, cause?: unknown): MmapvetError =>
    new MmapvetError('NIGHT_BAD', `"${file}" can't be read: ${why}.`, {
      blame: 'usage',
      hint: 'Begin in another folder.',
      cause,
    });
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw bad(messageOf(error), error);
  }
  const version = (data as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > NIGHT_VERSION)
    throw usageError(
      'NIGHT_NEWER',
      `"${file}" is of version ${version}; this mmapvet reads version ${NIGHT_VERSION}.`,
      'Use the mmapvet that wrote it, or a newer one.',
    );
  const parsed = Night.safeParse(data);
  if (!parsed.success) throw bad(`"${parsed.error.issues[0]?.path.join('.') ?? ''}" is not as it should be`);
  return parsed.data;
}

/** What the run of a cell ended with; null where it has not run, or not to its end. */
export function cellResults(folder: string, job: Pick<Job, 'id'>): Results | null {
  try {
    const results = Results.parse(JSON.parse(readFileSync(join(cellFolder(folder, job), 'results.json'), 'utf8')));
    return results.exitCode === null || results.interrupted ? null : results;
  } catch {
    return null;
  }
}

/** Undecided is not done: no network, a full disk or a killed machine may be over when the night goes on. */
export const isDone = (results: Results | null): results is Results =>
  results !== null && (results.exitCode === EXIT.good || results.exitCode === EXIT.bad);

/** Makes room for another attempt; what an earlier one left stays beside it. */
export function setAside(folder: string, job: Pick<Job, 'id'>): void {
  const place = cellFolder(folder, job);
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  if (!existsSync(place)) return;
  const earlier = join(folder, 'earlier', job.id);
  mkdirSync(earlier, { recursive: true, mode: 0o700 });
  renameSync(place, join(earlier, String(readdirSync(earlier).length + 1)));
}

/** The nights beside this one that were planned before it, the newest first; one that can't be read is none. */
export function nightsBefore(folder: string, at: string): string[] {
  const parent = dirname(folder);
  if (!existsSync(parent)) return [];
  const nights = readdirSync(parent)
    .map((name) => join(parent, name))
    .flatMap((place) => (place !== folder && isNight(place) ? [{ place, at: plannedAt(place) }] : []));
  return nights
    .filter((night) => night.at !== '' && night.at < at)
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))
    .map(({ place }) => place);
}

function plannedAt(folder: string): string {
  try {
    return readNight(folder).at;
  } catch {
    return '';
  }
}
