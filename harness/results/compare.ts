/**
 * A base and a patched kernel, cell by cell. What a pair of outcomes means is said here and nowhere else; whether a
 * difference was repeated often enough to be believed is for whoever ran it. Pure.
 */
import type { BuildIdentity, Cell, CellId, Fault } from '../core/events.ts';
import type { Results } from './results.ts';
import { chanceOf, settle, STANDINGS, type Standing } from './runs.ts';

export const CHANGES = [
  'regression',
  'fixed',
  'still-failing',
  'still-passing',
  /** Neither worse nor better: it behaves differently. */
  'changed',
  'newly-applicable',
  'no-longer-applicable',
  'not-applicable',
  /** One side has no verdict. */
  'inconclusive',
] as const;

export type Change = (typeof CHANGES)[number];

export type SideOfCell = Pick<Cell, 'outcome' | 'reason'>;

export interface ComparedCell extends CellId {
  readonly change: Change;
  /** What all of its runs come to; null where the kernel has no such cell. */
  readonly base: SideOfCell | null;
  readonly patched: SideOfCell | null;
  /** Every run of the cell, the first one first. */
  readonly runs: { readonly base: readonly SideOfCell[]; readonly patched: readonly SideOfCell[] };
  /**
   * How likely runs fall apart so by chance if both kernels behave alike; null where they don't differ, or where a fault
   * of the kernel is its own proof.
   */
  readonly chance: number | null;
}

/** What the kernel complained of in one run and not in the other. */
export interface Splat {
  readonly id: string;
  readonly title: string;
  /** Cells and stages that it came in, as `x86_64 E02.direct`, `x86_64 boot`. */
  readonly where: readonly string[];
  /**
   * Whether it is sure: a cell's verdict rests on it, or it came in fresh runs too. False: it came once, outside of any
   * cell; null: outside of any cell, and nothing was run again.
   */
  readonly sure: boolean | null;
}

export interface Comparison {
  readonly cells: readonly ComparedCell[];
  readonly newSplats: readonly Splat[];
  readonly goneSplats: readonly Splat[];
  readonly counts: Readonly<Record<Change, number>>;
}

/** A base and a patched kernel's results. */
export interface Pair {
  readonly base: Results;
  readonly patched: Results;
}

const standingOf = (side: SideOfCell | null): Standing => (side === null ? 'undecided' : STANDINGS[side.outcome]);

/** What it means that a cell was `base` before a patch and is `patched` with it. */
export function changeOf(base: SideOfCell | null, patched: SideOfCell | null): Change {
  const [before, after] = [standingOf(base), standingOf(patched)];
  if (before === 'undecided' || after === 'undecided') return 'inconclusive';
  if (after === 'none') return before === 'none' ? 'not-applicable' : 'no-longer-applicable';
  if (before === 'none') return 'newly-applicable';
  if (before === 'red') return after === 'red' ? 'still-failing' : fixedBy(base);
  if (after === 'red') return 'regression';
  if (before !== after || (after === 'changed' && base?.reason !== patched?.reason)) return 'changed';
  return 'still-passing';
}

/** A pass of what passes at times says nothing. */
const fixedBy = (base: SideOfCell | null): Change => (base?.outcome === 'flaky' ? 'inconclusive' : 'fixed');

const keyOf = (cell: CellId): string => [cell.clause, cell.path, cell.target, cell.profile].join(' ');

/** @param again fresh runs of cells that differ, as `repeats` of each */
export function compareResults(base: Results, patched: Results, again: Pair | null = null): Comparison {
  const [before, after] = [cellsByKey(base), cellsByKey(patched)];
  const [beforeAgain, afterAgain] = [cellsByKey(again?.base), cellsByKey(again?.patched)];
  const cells = [...new Map([...before, ...after])].map(([key, { clause, path, target, profile }]): ComparedCell => {
    const runs = {
      base: [...runsOf(before.get(key)), ...runsOf(beforeAgain.get(key))],
      patched: [...runsOf(after.get(key)), ...runsOf(afterAgain.get(key))],
    };
    const [old, fresh] = [settle(runs.base), settle(runs.patched)];
    const change = changeOf(old, fresh);
    const chance =
      isDifference(change) && fresh?.outcome !== 'fault' && old?.outcome !== 'fault' ? chanceOf(runs) : null;
    const isDoubtful = chance !== null && again !== null && chance > DOUBT;
    const called = isDoubtful ? 'inconclusive' : change;
    return { clause, path, target, profile, change: called, base: old, patched: fresh, runs, chance };
  });
  const [oldSplats, freshSplats] = [splatsOf(base, again?.base), splatsOf(patched, again?.patched)];
  const counts = Object.fromEntries(
    CHANGES.map((change) => [change, cells.filter((cell) => cell.change === change).length]),
  ) as Record<Change, number>;
  return {
    cells,
    newSplats: freshSplats.filter(({ id }) => !oldSplats.some((old) => old.id === id)),
    goneSplats: oldSplats.filter(({ id }) => !freshSplats.some((fresh) => fresh.id === id)),
    counts,
  };
}

/** A difference that chance makes so often is none. */
const DOUBT = 0.05;

const cellsByKey = (results: Results | undefined): ReadonlyMap<string, Results['cells'][number]> =>
  new Map((results?.cells ?? []).map((cell) => [keyOf(cell), cell]));

const runsOf = (cell: Results['cells'][number] | undefined): readonly SideOfCell[] => {
  if (cell === undefined) return [];
  return cell.repeats.length > 0 ? cell.repeats : [{ outcome: cell.outcome, reason: cell.reason }];
};

/** The differences that are worth fresh runs. */
export const isDifference = (change: Change): boolean =>
  !['still-failing', 'still-passing', 'not-applicable', 'inconclusive'].includes(change);

/**
 * Cells to run again on both kernels: those that differ or have no verdict, and all of a target whose patched kernel
 * complained outside of any cell. A cell that one kernel never came to (it does not build or boot) would get no further.
 */
export function cellsToRepeat(comparison: Comparison, { base, patched }: Pair): CellId[] {
  const reached = (results: Results): Set<string> =>
    new Set(results.cells.filter(({ ran, outcome }) => ran || outcome === 'not-applicable').map(keyOf));
  const [before, after] = [reached(base), reached(patched)];
  return comparison.cells
    .filter(
      ({ change, target }) =>
        isDifference(change) ||
        change === 'inconclusive' ||
        comparison.newSplats.some(
          ({ sure, where }) => sure === null && where.some((at) => at.startsWith(`${target} `)),
        ),
    )
    .filter((cell) => before.has(keyOf(cell)) && after.has(keyOf(cell)))
    .map(({ clause, path, target, profile }) => ({ clause, path, target, profile }));
}

/** @param again what fresh runs of the same kernel gave */
function splatsOf(first: Results, again: Results | undefined): Splat[] {
  const once = placesOf(first);
  const more = again === undefined ? null : placesOf(again);
  return [...new Map([...(more ?? []), ...once])].map(([id, { title, where, inCell }]) => {
    const seenAgain = more?.get(id);
    return {
      id,
      title,
      where: [...new Set([...where, ...(seenAgain?.where ?? [])])],
      sure: inCell || seenAgain?.inCell === true || (more === null ? null : once.has(id) && seenAgain !== undefined),
    };
  });
}

interface Place {
  readonly title: string;
  readonly where: string[];
  inCell: boolean;
}

function placesOf({ cells, kernelFaults }: Results): ReadonlyMap<string, Place> {
  const found = new Map<string, Place>();
  const add = (fault: Fault, where: string, inCell: boolean): void => {
    // Runs that were stored before faults had one are told by their words.
    const id = fault.fingerprint ?? `${fault.class}: ${fault.title}`;
    const known = found.get(id) ?? { title: fault.title, where: [], inCell };
    if (!known.where.includes(where)) known.where.push(where);
    known.inCell ||= inCell;
    found.set(id, known);
  };
  for (const cell of cells)
    // Where the clause must provoke one, the cell passes.
    if (cell.outcome !== 'pass')
      for (const fault of cell.faults) add(fault, `${cell.target} ${cell.clause}.${cell.path}`, true);
  for (const { target, during, fault } of kernelFaults) add(fault, `${target} ${during}`, false);
  return found;
}

/** @param allowRemoved cells that no longer apply are no regression */
export const isWorse = ({ change, patched }: ComparedCell, allowRemoved = false): boolean =>
  change === 'regression' ||
  (change === 'no-longer-applicable' && !allowRemoved) ||
  (change === 'newly-applicable' && standingOf(patched) === 'red');

export type Decision = 'no-regression' | 'regression' | 'undecided';

/** @param allowRemoved cells that no longer apply are no regression */
export function decide(comparison: Comparison, allowRemoved = false): Decision {
  const { cells, newSplats, counts } = comparison;
  if (cells.some((cell) => isWorse(cell, allowRemoved)) || newSplats.some(({ sure }) => sure !== false))
    return 'regression';
  if (newSplats.length > 0) return 'undecided';
  const decided = cells.length - counts.inconclusive - counts['not-applicable'];
  return counts.inconclusive > 0 || decided === 0 ? 'undecided' : 'no-regression';
}

/** What has to be the same on both sides, and is not: then a difference proves nothing about the patch. */
export function unequalTerms(base: Results, patched: Results): string[] {
  const terms = [
    compareTerm('mmapvet', base.tool, patched.tool),
    compareTerm('profile', base.profile, patched.profile),
  ];
  for (const { name, accel } of base.targets) {
    const other = patched.targets.find((target) => target.name === name);
    if (other !== undefined && accel !== null && other.accel !== null)
      terms.push(compareTerm(`${name}: accelerator`, accel, other.accel));
  }
  for (const build of base.builds) {
    const other = patched.builds.find(({ target, profile }) => target === build.target && profile === build.profile);
    if (other === undefined) terms.push(`${build.target}: only the base was built`);
    else
      terms.push(...BUILD_TERMS.map(([key, name]) => compareTerm(`${build.target}: ${name}`, build[key], other[key])));
  }
  return terms.filter((term) => term !== null);
}

const BUILD_TERMS: readonly (readonly [keyof BuildIdentity & ('compiler' | 'configHash'), string])[] = [
  ['compiler', 'compiler'],
  ['configHash', 'config'],
];

const compareTerm = (name: string, base: string, patched: string): string | null =>
  base === patched ? null : `${name}: "${base}" against "${patched}"`;
