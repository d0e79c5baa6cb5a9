/**
 * A base and a patched kernel, cell by cell. What a pair of outcomes means is said here and nowhere else; whether a
 * difference was repeated often enough to be believed is for whoever ran it. Pure.
 */
import type { BuildIdentity, Cell, CellId, Fault } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Results } from './results.ts';

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
  /** Null where the run has no such cell. */
  readonly base: SideOfCell | null;
  readonly patched: SideOfCell | null;
}

/** What the kernel complained of in one run and not in the other. */
export interface Splat {
  readonly id: string;
  readonly title: string;
  /** Cells and stages that it came in, as `x86_64 E02.direct`, `x86_64 boot`. */
  readonly where: readonly string[];
}

export interface Comparison {
  readonly cells: readonly ComparedCell[];
  readonly newSplats: readonly Splat[];
  readonly goneSplats: readonly Splat[];
  readonly counts: Readonly<Record<Change, number>>;
}

type Standing = 'good' | 'changed' | 'red' | 'none' | 'undecided';

function standingOf(side: SideOfCell | null): Standing {
  return side === null ? 'undecided' : STANDINGS[side.outcome];
}

const STANDINGS: Readonly<Record<Outcome, Standing>> = {
  pass: 'good',
  changed: 'changed',
  fail: 'red',
  fault: 'red',
  flaky: 'red',
  // Accepted, but still what its entry says is wrong.
  known: 'red',
  'not-applicable': 'none',
  vacuous: 'undecided',
  error: 'undecided',
};

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

export function compareResults(base: Results, patched: Results): Comparison {
  const before = new Map(base.cells.map((cell) => [keyOf(cell), cell]));
  const after = new Map(patched.cells.map((cell) => [keyOf(cell), cell]));
  const all = new Map([...before, ...after]);
  const cells = [...all].map(([key, { clause, path, target, profile }]) => {
    const [old, fresh] = [sideOf(before.get(key)), sideOf(after.get(key))];
    return { clause, path, target, profile, change: changeOf(old, fresh), base: old, patched: fresh };
  });
  const [oldSplats, freshSplats] = [splatsOf(base), splatsOf(patched)];
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

const sideOf = (cell: SideOfCell | undefined): SideOfCell | null =>
  cell === undefined ? null : { outcome: cell.outcome, reason: cell.reason };

function splatsOf({ cells, kernelFaults }: Results): Splat[] {
  const found = new Map<string, { title: string; where: string[] }>();
  const add = (fault: Fault, where: string): void => {
    const id = `${fault.class}: ${fault.title}`;
    const known = found.get(id) ?? { title: fault.title, where: [] };
    if (!known.where.includes(where)) known.where.push(where);
    found.set(id, known);
  };
  for (const cell of cells)
    // Where the clause must provoke one, the cell passes.
    if (cell.outcome !== 'pass')
      for (const fault of cell.faults) add(fault, `${cell.target} ${cell.clause}.${cell.path}`);
  for (const { target, during, fault } of kernelFaults) add(fault, `${target} ${during}`);
  return [...found].map(([id, { title, where }]) => ({ id, title, where }));
}

export type Decision = 'no-regression' | 'regression' | 'undecided';

/** @param allowRemoved cells that no longer apply are no regression */
export function decide(comparison: Comparison, allowRemoved = false): Decision {
  const { cells, newSplats, counts } = comparison;
  const isWorse = ({ change, patched }: ComparedCell): boolean =>
    change === 'regression' ||
    (change === 'no-longer-applicable' && !allowRemoved) ||
    (change === 'newly-applicable' && standingOf(patched) === 'red');
  if (cells.some(isWorse) || newSplats.length > 0) return 'regression';
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
