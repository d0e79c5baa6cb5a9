/** Which stored run the user means: `latest`, an id or a part of it that only one run has, or a folder. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { MmapvetError, usageError } from '../core/errors.ts';
import { stateFolder } from '../core/paths.ts';

/** So many ids are shown of those that fit. */
const SHOWN = 5;

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
  if (name === 'latest') return latestRun(root);
  const ids = listRuns(root);
  const exact = ids.find((id) => id === name);
  if (exact !== undefined) return join(root, 'runs', exact);
  const folder = resolve(name);
  if (name !== '' && statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return checkFolder(folder);
  const fitting = name === '' ? [] : ids.filter((id) => id.includes(name));
  if (fitting.length > 1)
    throw usageError(
      'RUN_AMBIGUOUS',
      `${fitting.length} runs have "${name}" in their id.`,
      `Give more of it: ${fitting.slice(-SHOWN).join(', ')}.`,
    );
  const [only] = fitting;
  if (only !== undefined) return join(root, 'runs', only);
  throw usageError(
    'RUN_UNKNOWN',
    `There is no run "${name}".`,
    ids.length === 0
      ? 'Run "mmapvet run" first, or name a run folder.'
      : `Name a run folder, "latest", or an id: ${ids.slice(-SHOWN).join(', ')}.`,
  );
}

function latestRun(root: string): string {
  const link = join(root, 'latest');
  if (existsSync(link)) return realpathSync(link);
  throw usageError('RUN_NONE', 'There is no latest run.', 'Run "mmapvet run" first, or name a run folder.');
}

/** A folder without either file is most likely a slip of the finger. */
function checkFolder(folder: string): string {
  if (existsSync(join(folder, 'events.jsonl')) || existsSync(join(folder, 'results.json'))) return folder;
  throw new MmapvetError('RUN_UNKNOWN', `The folder "${folder}" is no run folder: it has no events.jsonl.`, {
    blame: 'usage',
    hint:
      basename(folder) === 'runs'
        ? 'Name one of the folders in it.'
        : 'Name a folder that "mmapvet run" wrote, or "latest".',
  });
}
