/** From what a user calls a run to its cells: a folder, `latest`, a run's name or a part of it. */
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { usageError } from '../../core/errors.ts';
import { stateFolder } from '../../core/paths.ts';
import { suggest } from '../../core/suggest.ts';
import type { DiffSide } from './diff.ts';
import { isRunFolder, readRecord } from './folders.ts';
import type { History } from './open.ts';
import { outcomeOf } from './packed.ts';
import { readCells, readRuns, reasonReader, type StoredRun } from './read.ts';
import { runName } from './record.ts';

/** @throws MmapvetError RUN_UNKNOWN, RUN_AMBIGUOUS (usage); as readEvents */
export function findRun(name: string, history: History | null): DiffSide {
  const folder = name === 'latest' ? join(stateFolder(), 'latest') : resolve(name);
  if (isRunFolder(folder)) return fromFolder(realpathSync(folder));
  const runs = history === null ? [] : readRuns(history, { lies: true });
  const exact = runs.filter((run) => run.name === name);
  const found = exact.length > 0 ? exact : runs.filter((run) => run.name.includes(name));
  const [run, ...others] = found;
  if (run === undefined || history === null)
    throw usageError('RUN_UNKNOWN', `There is no run "${name}".`, hintFor(name, runs));
  if (others.length > 0)
    throw usageError(
      'RUN_AMBIGUOUS',
      `"${name}" is part of the names of ${found.length} runs.`,
      `Write more of it: ${found
        .slice(-3)
        .map((each) => each.name)
        .join(', ')}.`,
    );
  return fromHistory(history, run);
}

function hintFor(name: string, runs: readonly StoredRun[]): string {
  const names = runs.map((run) => run.name);
  const near = suggest(name, names);
  if (near.length > 0) return `Did you mean "${near.join('" or "')}"?`;
  return names.length === 0 ? 'Name a run folder.' : `The last runs are ${names.slice(-3).join(', ')}.`;
}

function fromFolder(folder: string): DiffSide {
  const { results } = readRecord(folder);
  return { name: runName(folder, results.at ?? ''), kernel: results.kernel, cells: results.cells };
}

function fromHistory(history: History, run: StoredRun): DiffSide {
  const reasonOf = reasonReader(history);
  const cells = readCells(history, [run], () => true).map(({ id, cell, words }) => ({
    ...cell,
    outcome: outcomeOf(words[0] ?? 0),
    reason: reasonOf(run.id, id),
  }));
  return { name: run.name, kernel: run.kernel, cells };
}
