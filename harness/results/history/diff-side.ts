/** One side of a comparison: the cells of a run from its folder, or from the history where the folder is gone. */
import { realpathSync } from 'node:fs';
import { findRunFolder, listRuns, pickRun, runFolder } from '../find-run.ts';
import type { DiffSide } from './diff.ts';
import { readRecord } from './folders.ts';
import type { History } from './open.ts';
import { outcomeOf } from './packed.ts';
import { readCells, readRuns, reasonReader, type StoredRun } from './read.ts';
import { runName } from './record.ts';

/** @throws MmapvetError RUN_UNKNOWN, RUN_AMBIGUOUS, RUN_NONE (usage); as readEvents */
export function readSide(name: string, history: History | null): DiffSide {
  const folder = findRunFolder(name);
  if (folder !== null) return fromFolder(realpathSync(folder));
  const runs = history === null ? [] : readRuns(history, { lies: true });
  const picked = pickRun(name, [...new Set([...listRuns(), ...runs.map((run) => run.name)])].toSorted());
  const run = runs.find((each) => each.name === picked);
  return run === undefined || history === null ? fromFolder(runFolder(picked)) : fromHistory(history, run);
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
