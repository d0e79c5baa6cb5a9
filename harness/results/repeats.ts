/** Several runs of one cell as one verdict: what they agree on, or `flaky`. Pure. */
import type { Cell } from '../core/events.ts';
import { OUTCOMES, type Outcome } from '../core/outcome.ts';

/** A verdict that is worth a second look on another guest. A fault is none: its splat is its proof. */
const DOUBTFUL: readonly Outcome[] = ['fail', 'changed', 'vacuous'];

export const isDoubtful = (cell: Cell): boolean => DOUBTFUL.includes(cell.outcome);

/** `3 pass, 1 fail`. */
function tally(cells: readonly Cell[]): string {
  const counts = OUTCOMES.map((outcome) => [cells.filter((cell) => cell.outcome === outcome).length, outcome] as const);
  return counts
    .filter(([count]) => count > 0)
    .map(([count, outcome]) => `${count} ${outcome}`)
    .join(', ');
}

export interface Run {
  readonly cell: Cell;
  /** It failed for a reason of ours that another guest may be spared: it says nothing, and any other run of the cell stands. */
  readonly ours: boolean;
}

/**
 * The verdict of a cell's runs, in the order in which they ended. A fault in any of them is the verdict; else they must
 * agree. A probe that broke in some of them leaves the cell undecided, never passed, and is not blamed on the kernel.
 * Observers, log and faults are those of the run that shows the verdict best: for a flaky cell the first that is no pass.
 */
export function mergeRepeats(runs: readonly [Run, ...Run[]]): Cell {
  const [first] = runs;
  if (runs.length === 1) return first.cell;
  const all = runs.map(({ cell }) => cell);
  const repeats = all.map(({ outcome, reason }) => ({ outcome, reason }));
  const fault = all.find((cell) => cell.outcome === 'fault');
  if (fault !== undefined) return { ...fault, repeats };
  const decided = runs.filter(({ ours }) => !ours).map(({ cell }) => cell);
  const [one, ...others] = decided;
  if (one === undefined) return { ...first.cell, repeats };
  if (others.every((cell) => cell.outcome === one.outcome)) return { ...one, repeats };
  const only = (...outcomes: readonly Outcome[]): boolean => decided.every(({ outcome }) => outcomes.includes(outcome));
  // Trouble that is known may well come and go.
  const known = decided.find((cell) => cell.outcome === 'known');
  if (known !== undefined && only('known', 'pass')) return { ...known, repeats };
  const shown = decided.find((cell) => cell.outcome !== 'pass') ?? one;
  const reason = `repeats disagree: ${tally(all)}${shown.reason === '' ? '' : `; ${shown.reason}`}`;
  return { ...shown, outcome: only('error', 'pass', 'known') ? 'error' : 'flaky', reason, repeats };
}
