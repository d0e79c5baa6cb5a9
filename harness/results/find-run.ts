/** Which stored run the user means: `latest`, an id or a part of it that only one run has, or a folder. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { usageError } from '../core/errors.ts';
import { stateFolder } from '../core/paths.ts';
import { suggest } from '../core/suggest.ts';

/** So many ids are shown of those that fit. */
const SHOWN = 5;

export const runFolder = (id: string, root: string = stateFolder()): string => join(root, 'runs', id);

/** Ids of the stored runs, oldest first: they begin with the time. */
export function listRuns(root: string = stateFolder()): string[] {
  const runs = join(root, 'runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

/**
 * @returns the run's folder
 * @throws MmapvetError RUN_UNKNOWN, RUN_AMBIGUOUS, RUN_NONE (usage)
 */
export function findRun(name: string, root: string = stateFolder()): string {
  return findRunFolder(name, root) ?? runFolder(pickRun(name, listRuns(root)), root);
}

/** What is a run by itself: `latest`, a stored run's whole id, a folder; null where `name` may be a part of an id. */
export function findRunFolder(name: string, root: string = stateFolder()): string | null {
  if (name === 'latest') return latestRun(root);
  if (name === '') return null;
  const stored = runFolder(name, root);
  if (basename(name) === name && existsSync(stored)) return stored;
  const folder = resolve(name);
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? checkFolder(folder) : null;
}

/** @returns the one id that is `name` or has it in it */
export function pickRun(name: string, ids: readonly string[]): string {
  const fitting = ids.includes(name) ? [name] : ids.filter((id) => name !== '' && id.includes(name));
  const [only] = fitting;
  if (only === undefined) throw usageError('RUN_UNKNOWN', `There is no run "${name}".`, hintFor(name, ids));
  if (fitting.length > 1)
    throw usageError(
      'RUN_AMBIGUOUS',
      `${fitting.length} runs have "${name}" in their id.`,
      `Give more of it: ${fitting.slice(-SHOWN).join(', ')}.`,
    );
  return only;
}

function hintFor(name: string, ids: readonly string[]): string {
  const near = suggest(name, ids);
  if (near.length > 0) return `Did you mean "${near.join('" or "')}"?`;
  return ids.length === 0
    ? 'Run "mmapvet run" first, or name a run folder.'
    : `Name a run folder, "latest", or an id: ${ids.slice(-SHOWN).join(', ')}.`;
}

function latestRun(root: string): string {
  const link = join(root, 'latest');
  if (existsSync(link)) return realpathSync(link);
  throw usageError('RUN_NONE', 'There is no latest run.', 'Run "mmapvet run" first, or name a run folder.');
}

/** The documents of questions about several kernels, whose run folders lie below. */
export const COMPARISON_FILE = 'compare.json';
export const SERIES_FILE = 'series.json';

/** What a run or a question leaves in its folder. */
const HOLDS = ['events.jsonl', 'results.json', COMPARISON_FILE, SERIES_FILE];

/** A folder without any file is most likely a slip of the finger. */
function checkFolder(folder: string): string {
  if (HOLDS.some((file) => existsSync(join(folder, file)))) return folder;
  throw usageError(
    'RUN_UNKNOWN',
    `The folder "${folder}" is no run folder: it has no events.jsonl.`,
    basename(folder) === 'runs'
      ? 'Name one of the folders in it.'
      : 'Name a folder that "mmapvet run" wrote, or "latest".',
  );
}
