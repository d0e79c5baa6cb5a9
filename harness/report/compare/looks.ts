/** How each change looks: a sign that is readable without colour, a word, a colour; the worst first. */
import type { Change, SideOfCell } from '../../results/compare.ts';
import { tallyOf } from '../../results/runs.ts';
import type { Paint } from '../lines/paint.ts';

interface ChangeLook {
  readonly sign: string;
  readonly word: string;
  readonly style: Parameters<Paint>[0];
  /** Shown cell by cell. */
  readonly inFull: boolean;
}

export const CHANGE_LOOKS: Readonly<Record<Change, ChangeLook>> = {
  regression: { sign: '✗', word: 'regression', style: 'red', inFull: true },
  'no-longer-applicable': { sign: '✗', word: 'no longer applicable', style: 'red', inFull: true },
  inconclusive: { sign: '?', word: 'inconclusive', style: 'yellow', inFull: true },
  changed: { sign: '≠', word: 'changed', style: 'yellow', inFull: true },
  'newly-applicable': { sign: '+', word: 'newly applicable', style: 'cyan', inFull: true },
  fixed: { sign: '✓', word: 'fixed', style: 'green', inFull: true },
  'still-failing': { sign: '·', word: 'still failing', style: 'dim', inFull: false },
  'still-passing': { sign: '✓', word: 'still passing', style: 'green', inFull: false },
  'not-applicable': { sign: '–', word: 'not applicable', style: 'dim', inFull: false },
};

/** Worst first. */
export const CHANGE_ORDER = Object.keys(CHANGE_LOOKS) as readonly Change[];

/** `fail, 6 of 6 runs`, `flaky: 1 pass, 3 fail`. */
export function runsText(side: SideOfCell | null, runs: readonly SideOfCell[]): string {
  if (side === null) return 'no verdict';
  if (runs.length < 2) return side.outcome;
  const alike = runs.filter(({ outcome }) => outcome === side.outcome).length;
  if (alike === 0) return `${side.outcome}: ${tallyOf(runs)}`;
  return `${side.outcome}, ${alike} of ${runs.length} runs`;
}

/** `by chance once in 210 times`; null where there is nothing to weigh. */
export function chanceText(chance: number | null): string | null {
  if (chance === null || chance <= 0) return null;
  if (chance > 0.5) return 'as likely by chance';
  return `by chance once in ${Math.round(1 / chance)} times`;
}
