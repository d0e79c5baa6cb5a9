/** The runs of one cell on one kernel as one verdict, and the runs on two kernels as odds. Pure. */
import type { Cell } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';

type Run = Pick<Cell, 'outcome' | 'reason'>;

/** What an outcome says where two kernels are compared. */
export type Standing = 'good' | 'changed' | 'red' | 'none' | 'undecided';

export const STANDINGS: Readonly<Record<Outcome, Standing>> = {
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

const isDecided = ({ outcome }: Run): boolean => STANDINGS[outcome] !== 'undecided';

/**
 * What runs come to: a fault in any of them; what those agree on that came to a verdict; else `flaky`.
 * @returns null for no runs
 */
export function settle(runs: readonly Run[]): Run | null {
  const [first] = runs;
  if (first === undefined) return null;
  const fault = runs.find(({ outcome }) => outcome === 'fault');
  if (fault !== undefined) return fault;
  const decided = runs.filter(isDecided);
  const [one, ...others] = decided;
  if (one === undefined) return first;
  if (others.every(({ outcome }) => outcome === one.outcome)) return one;
  // Trouble that is known may well come and go.
  const known = decided.find(({ outcome }) => outcome === 'known');
  if (known !== undefined && decided.every(({ outcome }) => outcome === 'known' || outcome === 'pass')) return known;
  const odd = decided.find(({ outcome }) => STANDINGS[outcome] === 'red') ?? one;
  return { outcome: 'flaky', reason: `runs disagree: ${tallyOf(runs)}${odd.reason === '' ? '' : `; ${odd.reason}`}` };
}

/** `3 pass, 1 fail`, in the order in which they first came. */
export function tallyOf(runs: readonly Run[]): string {
  return [...Map.groupBy(runs, ({ outcome }) => outcome)]
    .map(([outcome, alike]) => `${alike.length} ${outcome}`)
    .join(', ');
}

/**
 * Fisher's exact test, one-sided: if both kernels behave alike, how likely at least so many of the runs that differ from
 * the base's first one are the patched kernel's. Runs without a verdict say nothing.
 */
export function chanceOf({
  base,
  patched,
}: {
  readonly base: readonly Run[];
  readonly patched: readonly Run[];
}): number {
  const [before, after] = [base.filter(isDecided), patched.filter(isDecided)];
  const [usual] = before;
  if (usual === undefined || after.length === 0) return 1;
  const differs = (run: Run): boolean =>
    STANDINGS[run.outcome] !== STANDINGS[usual.outcome] || (run.outcome === 'changed' && run.reason !== usual.reason);
  const odd = after.filter(differs).length;
  const all = odd + before.filter(differs).length;
  const ways = (hits: number): number => choose(after.length, hits) * choose(before.length, all - hits);
  let extreme = 0;
  for (let hits = odd; hits <= Math.min(all, after.length); hits += 1) extreme += ways(hits);
  return extreme / choose(before.length + after.length, all);
}

function choose(from: number, take: number): number {
  if (take < 0 || take > from) return 0;
  let ways = 1;
  for (let step = 1; step <= take; step += 1) ways = (ways * (from - take + step)) / step;
  return ways;
}
