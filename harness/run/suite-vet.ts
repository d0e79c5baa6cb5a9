/** The kernel's own tests on one target, or on this machine, from what was built to a verdict for each program. */
import { readFile } from 'node:fs/promises';
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { SuiteBuild } from '../kernel/suites.ts';
import { Guests } from './guests.ts';
import type { Gate } from './limits.ts';
import type { Prepared } from './prepare.ts';
import { runInGuests, runUserland, SuiteLedger, type SuiteOptions } from './suites.ts';

export interface SuiteVetOptions extends SuiteOptions {
  /** Where the console of the n-th guest goes. */
  readonly consoleFile: (guest: number) => string;
}

/** The guests of the clauses have the numbers up to here. */
const GUESTS_BEFORE = 10_000;

export class SuiteVet {
  readonly #options: SuiteVetOptions;
  readonly #ledger: SuiteLedger;

  constructor(options: SuiteVetOptions) {
    this.#options = options;
    this.#ledger = new SuiteLedger(options);
  }

  giveUp(why: string): void {
    this.#ledger.giveUp(why);
  }

  /** @param running lets in as many guests as the host bears */
  async runOnTarget(prepared: Prepared, running: Gate): Promise<void> {
    if (this.#ledger.pending.length === 0) return;
    this.#ledger.kernelVersion = prepared.kernelVersion;
    if (prepared.kind === 'no-hook')
      return this.#ledger.giveUp('the kernel lacks the hook, so it was not built', 'not-applicable');
    const build = this.#usable(prepared.selftests);
    if (build === null) return;
    const { plan, target, consoleFile, pace, emit, signal } = this.#options;
    this.#ledger.config = new Set((await readFile(prepared.build.config, 'utf8')).split('\n'));
    const guests = new Guests({
      target,
      guest: prepared.guest,
      contents: prepared.contents,
      consoleFile,
      pace,
      silenceMs: plan.silenceMs,
      after: GUESTS_BEFORE,
      emit,
      signal,
    });
    await running.hold(async () => {
      const { error } = plan.boot ? { error: null } : await guests.prepare();
      if (error === null) await runInGuests(build, guests, this.#ledger, this.#options);
      else this.#ledger.giveUp(`the guest did not boot: ${messageOf(error)}`);
    });
  }

  /** @param running one of those that it lets in */
  async runOnHost(built: Userland, running: Gate): Promise<void> {
    this.#ledger.kernelVersion = built.kernelVersion;
    const build = this.#usable(built.build);
    if (build !== null) await running.hold(() => runUserland(build, this.#ledger, this.#options));
  }

  #usable(build: SuiteBuild | MmapvetError | null): SuiteBuild | null {
    if (build === null) this.#ledger.giveUp('there is no source of this kernel to build it from');
    if (build === null || !(build instanceof MmapvetError)) return build;
    const { code, hint, details } = build;
    const text = [build.message, ...details].join('\n');
    const { target, emit } = this.#options;
    emit({ kind: 'note', target, level: 'error', text, code, ...(hint === undefined ? {} : { hint }) });
    this.#ledger.giveUp(build.message);
    return null;
  }
}

/** tools/testing/vma as it was built, or why it was not. */
export interface Userland {
  readonly kernelVersion: string;
  readonly build: SuiteBuild | MmapvetError | null;
}
