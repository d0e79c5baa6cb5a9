/** What the runs of a kernel say about it: shown, not shown, or nothing. Pure. */
import { cellName } from '../../run/tally.ts';
import type { Cell } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Seen } from './odds.ts';

/** The runs of one cell on one kernel. */
export interface CellRuns extends Seen {
  /** `E02.direct x86_64`. */
  readonly name: string;
  /** Runs that say nothing: they broke, or the kernel lacks what the clause is about. */
  readonly silent: number;
  /** Of the first run that shows the fault, else of the first that says nothing; empty otherwise. */
  readonly reason: string;
}

export type Meaning = 'shown' | 'not-shown' | 'silent';

/** Of a recorded clause the change is what is looked for. */
function meaningOf(outcome: Outcome): Meaning {
  switch (outcome) {
    case 'fail':
    case 'fault':
    case 'flaky':
    case 'changed':
      return 'shown';
    case 'pass':
      return 'not-shown';
    case 'vacuous':
    case 'error':
    case 'not-applicable':
    case 'known':
      return 'silent';
  }
}

interface OneRun {
  readonly outcome: Outcome;
  readonly reason: string;
}

/** Trouble that allow.yaml knows is what it is here: somebody asks where it came in. */
function runsIn(cell: Cell): readonly OneRun[] {
  if (cell.known !== undefined && cell.repeats.length === 0) return [cell.known];
  const known = cell.known?.outcome ?? 'silent';
  const all = cell.repeats.length === 0 ? [cell] : cell.repeats;
  return all.map(({ outcome, reason }) => ({
    outcome: outcome === 'known' && known !== 'silent' ? known : outcome,
    reason,
  }));
}

export function runsOf(cell: Cell): CellRuns {
  const runs = runsIn(cell).map(({ outcome, reason }) => ({
    meaning: cell.ran ? meaningOf(outcome) : 'silent',
    reason,
  }));
  const first = (meaning: Meaning): string | undefined => runs.find((run) => run.meaning === meaning)?.reason;
  const count = (meaning: Meaning): number => runs.filter((run) => run.meaning === meaning).length;
  return {
    name: `${cellName(cell.clause, cell.path)} ${cell.target}`,
    shown: count('shown'),
    runs: count('shown') + count('not-shown'),
    silent: count('silent'),
    reason: first('shown') ?? first('silent') ?? '',
  };
}

/** Later runs of the same cell added to earlier ones. */
export function addRuns(before: CellRuns, more: CellRuns): CellRuns {
  return {
    name: before.name,
    shown: before.shown + more.shown,
    runs: before.runs + more.runs,
    silent: before.silent + more.silent,
    reason: before.shown > 0 || more.shown === 0 ? before.reason || more.reason : more.reason,
  };
}

export type Verdict = 'good' | 'bad' | 'skipped';

/** Bad once any cell shows the fault; good when all of them have not, so many times. Null: more runs are needed. */
export function judge(cells: readonly CellRuns[], needed: number): Exclude<Verdict, 'skipped'> | null {
  if (cells.some(({ shown }) => shown > 0)) return 'bad';
  return cells.length > 0 && cells.every(({ runs }) => runs >= needed) ? 'good' : null;
}
