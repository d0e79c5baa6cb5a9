/**
 * The verdicts of one target as they come in, run by run. A cell's event is emitted once, when all of its runs have ended;
 * a failed one may be given more runs before that.
 */
import type { Cell, Emit } from '../core/events.ts';
import { NOTHING_FOUND, type Found } from './evidence.ts';
import { isDoubtful, mergeRepeats, type Run } from '../results/repeats.ts';

export interface Attempt extends Run, Found {}

/** `C` is what a cell is of: a clause on a path, a program. */
export interface TallyOptions<C> {
  /** By cellName(). */
  readonly cells: ReadonlyMap<string, C>;
  readonly repeats: number;
  /** Failed cells wait for more runs. */
  readonly confirm: boolean;
  readonly emit: Emit;
  /** Keeps a failed cell's evidence. @returns its folder below the run folder, null where nothing was kept */
  readonly keepEvidence: (cell: Cell, found: Found) => string | null;
}

interface Row<C> {
  readonly cell: C;
  readonly attempts: Attempt[];
  expected: number;
}

export const cellName = (clause: string, path: string): string => `${clause}.${path}`;

export class Tally<C> {
  readonly #options: TallyOptions<C>;
  readonly #open: Map<string, Row<C>>;
  #confirm: boolean;

  constructor(options: TallyOptions<C>) {
    this.#options = options;
    this.#confirm = options.confirm;
    this.#open = new Map(
      [...options.cells].map(([name, cell]) => [name, { cell, attempts: [], expected: options.repeats }]),
    );
  }

  add(attempt: Attempt): void {
    const row = this.#open.get(cellName(attempt.cell.clause, attempt.cell.path));
    if (row === undefined) return;
    row.attempts.push(attempt);
    if (row.attempts.length < row.expected || (this.#confirm && this.#needsMore(row))) return;
    this.#settle(row);
  }

  /** Cells whose verdict is worth more runs: failed ones, and those that trouble of ours kept from a verdict. */
  get waiting(): readonly C[] {
    return [...this.#open.values()]
      .filter((row) => row.attempts.length > 0 && this.#needsMore(row))
      .map(({ cell }) => cell);
  }

  /** The cells that wait get so many more runs; after these there are no others. */
  confirm(runs: number): void {
    this.#confirm = false;
    for (const row of this.#open.values()) row.expected += runs;
  }

  /** Ends it: what has a run is settled by those that it has. @returns the cells that have none; one will do now */
  close(): readonly C[] {
    this.#confirm = false;
    for (const row of this.#open.values()) {
      row.expected = 1;
      if (row.attempts.length > 0) this.#settle(row);
    }
    return [...this.#open.values()].map(({ cell }) => cell);
  }

  #needsMore({ attempts }: Row<C>): boolean {
    const verdict = mergeRepeats(attempts as [Attempt, ...Attempt[]]);
    return isDoubtful(verdict) || (verdict.outcome === 'error' && attempts.every(({ ours }) => ours));
  }

  #settle(row: Row<C>): void {
    const verdict = mergeRepeats(row.attempts as [Attempt, ...Attempt[]]);
    this.#open.delete(cellName(verdict.clause, verdict.path));
    // A merged verdict is one of the runs, under another name perhaps: its log is the very same array.
    const shown = row.attempts.find(({ cell }) => cell.log === verdict.log);
    const evidence = this.#options.keepEvidence(verdict, shown ?? row.attempts[0] ?? NOTHING_FOUND);
    this.#options.emit({ kind: 'cell', cell: { ...verdict, evidence } });
  }
}
