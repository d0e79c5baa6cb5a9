/** How long each cell took before: what a scheduler needs to share cells out evenly. */
import { openHistoryIfAny } from './open.ts';
import { readCells, readRuns } from './read.ts';
import { medianOf } from './trend.ts';

const RUNS = 20;

/**
 * The median duration in milliseconds of each cell of a target over its last runs, by the probes' name for it
 * (`E02.direct`). Empty where there is no history; a cell that never ran is not in it.
 * @throws MmapvetError as openHistory
 */
export function storedDurations(target: string, profile: string, file?: string): ReadonlyMap<string, number> {
  using history = openHistoryIfAny(file);
  if (history === null) return new Map();
  const runs = readRuns(history, { targets: [target] }).slice(-RUNS);
  const cells = readCells(history, runs, (cell) => cell.target === target && cell.profile === profile);
  const durations = new Map<string, number>();
  for (const past of cells) {
    const took = medianOf(past, RUNS);
    if (took !== null) durations.set(`${past.cell.clause}.${past.cell.path}`, took);
  }
  return durations;
}
