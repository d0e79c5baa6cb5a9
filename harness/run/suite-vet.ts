/**
 * The kernel's own tests on one target, or on this machine, from what was built to a verdict for each program. Programs
 * that failed are run again on fresh guests before that is told, as cells of clauses are; on this machine, where there is
 * no guest, each run is a fresh process.
 */
import { readFile } from 'node:fs/promises';
import { programsOn, type SuiteProgram } from '../contract/suites.ts';
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { Cell, Stage } from '../core/events.ts';
import { plural } from '../core/words.ts';
import { inStage } from '../kernel/stage.ts';
import type { SuiteBuild } from '../kernel/suites.ts';
import { guestOfRepeat, type GuestKind } from './batches.ts';
import type { Found } from './evidence.ts';
import { Guests } from './guests.ts';
import type { Gate } from './limits.ts';
import type { Prepared } from './prepare.ts';
import type { RunPlan } from './plan.ts';
import { runShares, type ShareWork } from './shares.ts';
import { runInGuests } from './suite-guests.ts';
import { runUserland } from './suite-host.ts';
import { SuiteLedger } from './suite-ledger.ts';
import type { SuiteOptions } from './suite-program.ts';
import { cellName, Tally } from './tally.ts';

export interface SuiteVetOptions extends SuiteOptions {
  /** Where the console of the n-th guest goes. */
  readonly consoleFile: (guest: number) => string;
  /** Keeps what a person needs of a program that did not pass. @returns the folder, null where nothing was kept */
  readonly keepEvidence: (cell: Cell, found: Found) => string | null;
}

/** The guests of the clauses have the numbers up to here. */
const GUESTS_BEFORE = 10_000;

/** Runs programs once. @returns what keeps every later run from running any; null where the next one may be spared it */
type RunOnce = (kind: GuestKind, ledger: SuiteLedger) => Promise<string | null>;

export class SuiteVet {
  readonly #options: SuiteVetOptions;
  readonly #programs: readonly SuiteProgram[];
  readonly #tally: Tally<SuiteProgram>;
  #config: ReadonlySet<string> | null = null;
  /** Empty until it is known. */
  #kernelVersion = '';

  constructor(options: SuiteVetOptions) {
    const { plan, target, keepEvidence, emit } = options;
    this.#options = options;
    this.#programs = programsOn(plan.programs, target);
    this.#tally = new Tally({
      cells: new Map(this.#programs.map((program) => [cellName(program.suite, program.name), program])),
      repeats: plan.repeats,
      confirm: plan.confirm > 0,
      emit,
      keepEvidence,
    });
  }

  /** All that are left: nothing more will be known about them. */
  giveUp(why: string, outcome: 'error' | 'not-applicable' = 'error'): void {
    this.#ledger(this.#tally.close()).giveUp(why, outcome);
  }

  /** @param running lets in as many guests as the host bears */
  async runOnTarget(prepared: Prepared, running: Gate): Promise<void> {
    if (this.#programs.length === 0) return;
    this.#kernelVersion = prepared.kernelVersion;
    if (prepared.kind === 'no-hook')
      return this.giveUp('the kernel lacks the hook, so it was not built', 'not-applicable');
    const build = this.#usable(prepared.selftests);
    if (build === null) return;
    const { plan, target, consoleFile, pace, emit, signal } = this.#options;
    this.#config = new Set((await readFile(prepared.build.config, 'utf8')).split('\n'));
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
    const { error } = plan.boot ? { error: null } : await running.hold(() => guests.prepare());
    if (error !== null) return this.giveUp(`the guest did not boot: ${messageOf(error)}`);
    await this.#runAll(running, (kind, ledger) => runInGuests({ build, guests, kind, ledger, options: this.#options }));
  }

  /** @param running one of those that it lets in */
  async runOnHost(built: Userland, running: Gate): Promise<void> {
    this.#kernelVersion = built.kernelVersion;
    const build = this.#usable(built.build);
    if (build === null) return;
    await this.#runAll(running, async (_, ledger) => {
      await runUserland(build, ledger, this.#options);
      return null;
    });
  }

  async #runAll(running: Gate, runOnce: RunOnce): Promise<void> {
    const { plan, target, emit } = this.#options;
    const work: ShareWork<Share, string> = {
      run: ({ kind, programs }) => runOnce(kind, this.#ledger(programs)),
      spare: ({ programs }, why) => this.#ledger(programs).giveUp(why),
    };
    const stage = (name: Stage, detail: string, runs: number, programs: readonly SuiteProgram[]): Promise<void> =>
      inStage(name, target, detail, { emit }, async () => ({
        value: await runShares(sharesOf(programs, runs, plan), running, work),
      }));
    await stage('probe', '', plan.repeats, this.#programs);
    const again = this.#tally.waiting;
    if (again.length === 0) return;
    this.#tally.confirm(plan.confirm);
    await stage('repeat', plural(again.length, 'cell'), plan.confirm, again);
  }

  #ledger(programs: readonly SuiteProgram[]): SuiteLedger {
    const { plan, target, allow, emit } = this.#options;
    return new SuiteLedger({
      target,
      profile: plan.profile.name,
      programs,
      config: this.#config,
      kernelVersion: this.#kernelVersion,
      allow,
      emit,
      onVerdict: (attempt) => this.#tally.add(attempt),
    });
  }

  #usable(build: SuiteBuild | MmapvetError | null): SuiteBuild | null {
    if (build === null) this.giveUp('there is no source of this kernel to build it from');
    if (build === null || !(build instanceof MmapvetError)) return build;
    const { code, hint, details } = build;
    const text = [build.message, ...details].join('\n');
    const { target, emit } = this.#options;
    emit({ kind: 'note', target, level: 'error', text, code, ...(hint === undefined ? {} : { hint }) });
    this.giveUp(build.message);
    return null;
  }
}

interface Share {
  readonly kind: GuestKind;
  readonly programs: readonly SuiteProgram[];
}

/** Each of them so often, every second time in booted guests. */
function sharesOf(
  programs: readonly SuiteProgram[],
  runs: number,
  { isolate, boot }: Pick<RunPlan, 'isolate' | 'boot'>,
): Share[] {
  const groups = isolate === 'clause' ? programs.map((program) => [program]) : [programs];
  return Array.from({ length: runs }, (_, index) => guestOfRepeat(index + 1, boot)).flatMap((kind) =>
    groups.map((group) => ({ kind, programs: group })),
  );
}

/** tools/testing/vma as it was built, or why it was not. */
export interface Userland {
  readonly kernelVersion: string;
  readonly build: SuiteBuild | MmapvetError | null;
}
