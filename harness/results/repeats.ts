/** Several runs of one cell as one verdict: what they agree on, or `flaky`. Pure. */
import type { Cell } from '../core/events.ts';
import { OUTCOMES, type Outcome } from '../core/outcome.ts';

/** A verdict that is worth a second look on another guest. A fault is none: its splat is its proof. */
const DOUBTFUL: readonly Outcome[] = ['fail', 'changed', 'vacuous'];

export const isDoubtful = (cell: Cell): boolean => DOUBTFUL.includes(cell.outcome);

/** Trouble of ours says nothing about the kernel: any other verdict of the same cell stands. */
const isTrouble = (cell: Cell): boolean => cell.outcome === 'error';

/** `3 pass, 1 fail`. */
function tally(cells: readonly Cell[]): string {
  const counts = OUTCOMES.map((outcome) => [cells.filter((cell) => cell.outcome === outcome).length, outcome] as const);
  return counts
    .filter(([count]) => count > 0)
    .map(([count, outcome]) => `${count} ${outcome}`)
    .join(', ');
}

/**
 * The verdict of a cell's runs, in the order in which they ended. A fault in any of them is the verdict; else those that
 * the kernel decided must agree. Observers, log and faults are those of the run that shows the verdict best: for a flaky
 * cell the first that is no pass.
 */
export function mergeRepeats(first: Cell, ...rest: readonly Cell[]): Cell {
  if (rest.length === 0) return first;
  const all = [first, ...rest];
  const repeats = all.map(({ outcome, reason }) => ({ outcome, reason }));
  const fault = all.find((cell) => cell.outcome === 'fault');
  if (fault !== undefined) return { ...fault, repeats };
  const decided = all.filter((cell) => !isTrouble(cell));
  const [one, ...others] = decided;
  if (one === undefined) return { ...first, repeats };
  if (others.every((cell) => cell.outcome === one.outcome)) return { ...one, repeats };
  // Trouble that is known may well come and go.
  const known = decided.find((cell) => cell.outcome === 'known');
  if (known !== undefined && decided.every(({ outcome }) => outcome === 'known' || outcome === 'pass'))
    return { ...known, repeats };
  const shown = decided.find((cell) => cell.outcome !== 'pass') ?? one;
  const reason = `repeats disagree: ${tally(all)}${shown.reason === '' ? '' : `; ${shown.reason}`}`;
  return { ...shown, outcome: 'flaky', reason, repeats };
}
