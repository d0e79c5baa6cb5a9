/** The run folders that a merge is made of: named, or lying below what is named. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MmapvetError, usageError } from '../core/errors.ts';
import { readEvents } from './read-events.ts';
import { readRun, type StoredRun } from './stored-run.ts';

const isRun = (folder: string): boolean =>
  ['events.jsonl', 'results.json'].some((file) => existsSync(join(folder, file)));

/** Deeper than a night's folders lie, in an artifact of a CI system. */
const DEPTH = 8;

/** A night keeps attempts that came to nothing beside its cells, and its own merge. */
const NOT_IN_A_NIGHT = new Set(['earlier', 'merged']);

function runsBelow(folder: string, depth = DEPTH): string[] {
  if (isRun(folder)) return [folder];
  if (depth === 0) return [];
  const night = existsSync(join(folder, 'night.json'));
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !(night && NOT_IN_A_NIGHT.has(entry.name)))
    .flatMap((entry) => runsBelow(join(folder, entry.name), depth - 1))
    .toSorted();
}

/**
 * Reads every run below the folders, each once.
 * @throws MmapvetError RUN_UNKNOWN, RUN_EMPTY, RUN_MERGED (usage), EVENTS_NEWER
 */
export function readRuns(folders: readonly string[]): StoredRun[] {
  const found = folders.flatMap((name) => {
    const folder = resolve(name);
    const runs = existsSync(folder) ? runsBelow(folder) : [];
    if (runs.length === 0)
      throw usageError(
        'RUN_UNKNOWN',
        `"${name}" is no run folder and has none in it.`,
        'Name what "mmapvet run" wrote.',
      );
    return runs;
  });
  return [...new Set(found)].map(readOne);
}

function readOne(folder: string): StoredRun {
  refuseNewer(folder);
  const run = readRun(folder);
  if (run.events.length === 0)
    throw usageError(
      'RUN_EMPTY',
      `Nothing of the run in "${folder}" can be read: ${run.problems.join('; ')}.`,
      'Leave it out.',
    );
  const merged = run.events.some((event) => event.kind === 'run-start' && event.parts !== undefined);
  if (merged) throw usageError('RUN_MERGED', `"${folder}" is a merged run.`, 'Name the runs that it was made of.');
  return run;
}

/** What a newer mmapvet wrote could be misread, and a sum would not show it. Damage is told and merged. */
function refuseNewer(folder: string): void {
  const file = join(folder, 'events.jsonl');
  if (!existsSync(file)) return;
  try {
    readEvents(file);
  } catch (error) {
    if (error instanceof MmapvetError && error.code === 'EVENTS_NEWER') throw error;
  }
}
