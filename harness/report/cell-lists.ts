/** Many cells in few words: those with one cause together, and ranges of clauses instead of their ids one by one. */
import type { Cell, CellId } from '../core/events.ts';
import { weigh, type Outcome } from '../core/outcome.ts';
import { allCells, type RunState } from './run-state.ts';

export interface Cause {
  readonly outcome: Outcome;
  readonly target: string;
  readonly reason: string;
  readonly cells: readonly Cell[];
}

/** Lower is worse. */
const RANK: Readonly<Record<Outcome, number>> = {
  fault: 0,
  fail: 1,
  flaky: 2,
  error: 3,
  vacuous: 4,
  changed: 5,
  known: 6,
  'not-applicable': 7,
  pass: 8,
};

/** Everything but passes, the worst first; cells of one target with the same words are one cause. */
export function causesOf(state: RunState): Cause[] {
  const cells = allCells(state).filter((cell) => cell.outcome !== 'pass');
  const groups = Map.groupBy(cells, (cell) => [cell.outcome, cell.target, cell.reason].join('\0'));
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { outcome, target, reason } = first;
      return [{ outcome, target, reason, cells: group }];
    })
    .toSorted((a, b) => RANK[a.outcome] - RANK[b.outcome]);
}

/** True where somebody should look. */
export const needsALook = (outcome: Outcome): boolean =>
  outcome === 'changed' || !['good', 'neutral'].includes(weigh(outcome));

/** `E02`, `K01/W2`. */
export const shortName = ({ clause, path }: Pick<Cell, 'clause' | 'path'>): string =>
  path === 'direct' ? clause : `${clause}/${path}`;

/**
 * `A01-A14 B02 K01/W1`: the cells of one target that fit. A clause stands for all of its cells there; single cells are
 * named where its paths differ.
 */
export function compactNames<T extends CellId>(cells: readonly T[], fits: (cell: T) => boolean): string[] {
  const clauses = [...Map.groupBy(cells, (cell) => cell.clause)];
  const names: string[] = [];
  let run: { readonly from: string; to: string } | null = null;
  const close = (): void => {
    if (run !== null) names.push(run.from === run.to ? run.from : `${run.from}-${run.to}`);
    run = null;
  };
  for (const [clause, group] of clauses) {
    const matching = group.filter(fits);
    if (matching.length === group.length) {
      if (run !== null && follows(run.to, clause)) run.to = clause;
      else {
        close();
        run = { from: clause, to: clause };
      }
      continue;
    }
    close();
    names.push(...matching.map((cell) => `${cell.clause}/${cell.path}`));
  }
  close();
  return names;
}

const follows = (before: string, after: string): boolean =>
  before.charAt(0) === after.charAt(0) && Number(after.slice(1)) === Number(before.slice(1)) + 1;
