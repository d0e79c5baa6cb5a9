/** One run of several of the kernel's own test programs: a cell each. */
import type { AllowEntry } from '../contract/allow.ts';
import type { SuiteProgram } from '../contract/suites.ts';
import type { CellId, Emit } from '../core/events.ts';
import type { SuiteBuild } from '../kernel/suites.ts';
import { findSplats } from '../probe/splat.ts';
import { decideProgram, type ProgramResult } from '../results/suite-verdict.ts';
import { NOTHING_FOUND, type Found } from './evidence.ts';
import type { Attempt } from './tally.ts';

export interface SuiteLedgerOptions {
  readonly target: string;
  readonly allow: readonly AllowEntry[];
  readonly emit: Emit;
  readonly profile: string;
  readonly programs: readonly SuiteProgram[];
  /** Lines of the kernel's config; null where it is not known. */
  readonly config: ReadonlySet<string> | null;
  /** Empty where it is not known. */
  readonly kernelVersion: string;
  readonly onVerdict: (attempt: Attempt) => void;
}

/** One run of several programs: which are still to be run, and how each end becomes a verdict. */
export class SuiteLedger {
  readonly #options: SuiteLedgerOptions;
  readonly #open: Set<SuiteProgram>;
  /** The number of the guest that runs them; null before any does, and on this machine. */
  guest: number | null = null;

  constructor(options: SuiteLedgerOptions) {
    this.#options = options;
    this.#open = new Set(options.programs);
  }

  get pending(): readonly SuiteProgram[] {
    return [...this.#open];
  }

  begin(program: SuiteProgram): void {
    this.#options.emit({ kind: 'cell-start', cell: this.#idOf(program) });
  }

  settle(program: SuiteProgram, result: ProgramResult, found: Partial<Found> = {}): void {
    if (!this.#open.delete(program)) return;
    const { config, kernelVersion, allow, onVerdict } = this.#options;
    const all = { ...NOTHING_FOUND, guest: this.guest, ...found };
    const cell = decideProgram({
      id: this.#idOf(program),
      program,
      result,
      splats: findSplats(all.slice),
      config,
      kernelVersion,
      allow,
    });
    // One that the guest took with it says nothing of the kernel where that was not the kernel's doing.
    onVerdict({ ...all, cell, ours: result.kind === 'ran' && result.end.kind === 'lost' });
  }

  /** All that are left: nothing more will be known about them. */
  giveUp(why: string, outcome: 'error' | 'not-applicable' = 'error'): void {
    for (const program of this.pending) this.settle(program, { kind: 'not-run', outcome, why });
  }

  #idOf({ suite, name }: SuiteProgram): CellId {
    const { target, profile } = this.#options;
    return { clause: suite, path: name, target, profile };
  }
}

/** Those that this tree or this machine did not build. */
export function settleAbsent({ absent }: SuiteBuild, ledger: SuiteLedger): void {
  for (const program of ledger.pending) if (absent.includes(program.name)) ledger.settle(program, { kind: 'absent' });
}
