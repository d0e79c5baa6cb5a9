/**
 * One target from its build to its verdicts: a snapshot of its booted guest, batches of cells in pristine guests side by
 * side, and fresh guests for the cells that failed.
 */
import { readFile } from 'node:fs/promises';
import type { CatalogueCell } from '../contract/catalogue.ts';
import type { Recorded } from '../contract/recorded.ts';
import { messageOf } from '../core/errors.ts';
import type { Cell, Emit, Fault } from '../core/events.ts';
import { plural } from '../core/words.ts';
import { inStage } from '../kernel/stage.ts';
import { findSplats } from '../probe/splat.ts';
import type { Missing } from '../results/verdict.ts';
import { runBatch } from './batch.ts';
import type { Found } from './evidence.ts';
import { guestOfRepeat, planBatches, type Batch } from './batches.ts';
import { Guests, type GuestHook } from './guests.ts';
import { CoverageKeeper } from './coverage.ts';
import { CellLedger } from './ledger.ts';
import type { KnownTrouble } from './known.ts';
import type { Gate } from './limits.ts';
import type { OwnBinary } from './own-probe.ts';
import type { Pace } from './pace.ts';
import type { RunPlan } from './plan.ts';
import type { Prepared } from './prepare.ts';
import { runShares } from './shares.ts';
import { troubleText, type SessionHooks, type SessionTrouble } from './session.ts';
import { cellName, Tally } from './tally.ts';

export interface TargetOptions {
  readonly plan: RunPlan;
  readonly target: string;
  /** Where the console of the n-th guest goes; 0 is the boot that is saved. */
  readonly consoleFile: (guest: number) => string;
  /** What cells took in earlier runs, in ms, by `E02.direct`. */
  readonly durations: () => Promise<ReadonlyMap<string, number>>;
  readonly keepConfig: (text: string) => void;
  readonly recorded: Recorded;
  readonly pace: Pace;
  readonly known: KnownTrouble;
  readonly keepEvidence: (cell: Cell, found: Found) => string | null;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly onIdle?: SessionHooks['onIdle'];
  readonly onGuest?: GuestHook;
  /** Writes the LCOV file. @returns its path below the run folder */
  readonly keepLcov: (text: string) => string;
}

type Built = Extract<Prepared, { kind: 'built' }>;

export class TargetVet {
  readonly #options: TargetOptions;
  readonly #tally: Tally<CatalogueCell>;
  #features: readonly string[] | null = null;
  #kernelVersion = '';
  #own: OwnBinary | null = null;
  #coverage: CoverageKeeper | null = null;

  constructor(options: TargetOptions) {
    const { plan, keepEvidence } = options;
    const emit = options.known.filter(options.emit, () => this.#kernelVersion);
    this.#options = { ...options, emit };
    this.#tally = new Tally({
      cells: new Map(plan.checks.map((check) => [cellName(check.clause.id, check.path), check])),
      repeats: plan.repeats,
      confirm: plan.confirm > 0,
      emit,
      keepEvidence,
    });
  }

  /** Empty until the kernel is built. */
  get kernelVersion(): string {
    return this.#kernelVersion;
  }

  /**
   * @param running lets in as many guests as the host bears
   * @param own what runs in place of our probes
   */
  async run(prepared: Prepared, running: Gate, own?: OwnBinary): Promise<void> {
    this.#own = own ?? null;
    this.#kernelVersion = prepared.kernelVersion;
    switch (prepared.kind) {
      case 'no-hook':
        this.#features = prepared.features;
        return this.giveUp('not-run', 'the kernel lacks the hook');
      case 'built':
        this.#options.keepConfig(await readFile(prepared.build.config, 'utf8'));
        this.#coverage = this.#keeperFor(prepared);
        await this.#runBuilt(prepared, running);
        this.giveUp('no-result', '');
        await this.#coverage?.finish();
    }
  }

  #keeperFor({ build: { gcov }, changes }: Built): CoverageKeeper | null {
    const { plan, target, keepLcov, emit, signal } = this.#options;
    if (gcov === null) return null;
    return new CoverageKeeper({ target, profile: plan.profile.name, gcov, changes, keep: keepLcov, emit, signal });
  }

  /** Settles all that is left: nothing more will be known about it. */
  giveUp(why: Missing, detail: string, faults: readonly Fault[] = []): void {
    const left = this.#tally.close();
    if (left.length > 0) this.#ledger(left).giveUp(why, detail, faults);
  }

  async #runBuilt(prepared: Built, running: Gate): Promise<void> {
    const { plan, target, consoleFile, emit, signal, onGuest } = this.#options;
    if (plan.checks.length === 0) return;
    const guests = new Guests({
      target,
      guest: prepared.guest,
      contents: prepared.contents,
      consoleFile,
      pace: this.#options.pace,
      silenceMs: plan.silenceMs,
      emit,
      signal,
      ...(onGuest === undefined ? {} : { onGuest }),
    });
    if (!plan.boot && !(await this.#saveBoot(guests, running))) return;
    const batches = planBatches(plan.checks, plan.isolate, plan.repeats, plan.boot);
    const stage = (name: 'probe' | 'repeat', detail: string, work: () => Promise<void>): Promise<void> =>
      inStage(name, target, detail, { emit }, async () => ({ value: await work() }));
    await stage('probe', '', () => this.#runBatches(batches, guests, running));
    const again = this.#tally.waiting;
    if (again.length === 0) return;
    this.#tally.confirm(plan.confirm);
    await stage('repeat', plural(again.length, 'cell'), () =>
      this.#runBatches(confirmations(again, plan.confirm, plan.boot), guests, running),
    );
  }

  /** @returns whether the kernel boots */
  async #saveBoot(guests: Guests, running: Gate): Promise<boolean> {
    const { target, emit } = this.#options;
    const { error, lines } = await running.hold(() => guests.prepare(), Infinity);
    const faults = findSplats(lines);
    for (const fault of faults) emit({ kind: 'kernel-fault', target, during: 'boot', fault });
    if (error === null) return true;
    const text = `The guest did not boot: ${messageOf(error)}`;
    const { code, hint } = error;
    emit({ kind: 'note', target, level: 'error', text, code, ...(hint === undefined ? {} : { hint }) });
    this.giveUp('not-run', `the guest did not boot: ${messageOf(error)}`, faults);
    return false;
  }

  async #runBatches(batches: readonly Batch[], guests: Guests, running: Gate): Promise<void> {
    const durations = await this.#options.durations();
    await runShares<Batch, SessionTrouble>(batches, running, {
      run: (batch) => this.#runBatch(batch, guests),
      spare: ({ checks }, trouble) => this.#ledger(checks).giveUp('not-run', troubleText(trouble)),
      expectedMs: (batch) => expectedMs(batch, durations),
    });
  }

  async #runBatch(batch: Batch, guests: Guests): Promise<SessionTrouble | null> {
    const { plan, target, emit, signal, onIdle } = this.#options;
    const coverage = this.#coverage;
    signal.throwIfAborted();
    const ledger = this.#ledger(batch.checks);
    const trouble = await runBatch(
      {
        target,
        guests,
        kind: batch.guest,
        probeSeconds: plan.probeSeconds,
        silenceMs: plan.silenceMs,
        pace: this.#options.pace,
        seed: plan.seed,
        lie: plan.lie,
        own: this.#own,
        signal,
        ...(onIdle === undefined ? {} : { onIdle }),
        ...(coverage === null
          ? {}
          : { coverage: { take: (archive) => coverage.take(archive), lost: (why) => coverage.lost(why) } }),
      },
      ledger,
      emit,
    );
    this.#features ??= ledger.features;
    return trouble;
  }

  #ledger(checks: readonly CatalogueCell[]): CellLedger {
    const { plan, target, emit, recorded, known } = this.#options;
    return new CellLedger({
      target,
      profile: plan.profile.name,
      checks,
      features: this.#features,
      kernelVersion: this.#kernelVersion,
      emit,
      recorded,
      allow: known.entries,
      onVerdict: (attempt) => this.#tally.add(attempt),
    });
  }
}

/** All cells that failed share a guest: a pristine one each showed them failing before. */
const confirmations = (checks: readonly CatalogueCell[], runs: number, booted: boolean): Batch[] =>
  Array.from({ length: runs }, (_, index) => ({
    name: 'all',
    checks,
    guest: guestOfRepeat(index + 1, booted),
    repeat: index + 1,
  }));

/** A cell that nobody has timed yet, in ms. */
const USUAL_MS = 25;

function expectedMs(batch: Batch, durations: ReadonlyMap<string, number>): number {
  return batch.checks.reduce((sum, { clause, path }) => sum + (durations.get(`${clause.id}.${path}`) ?? USUAL_MS), 0);
}
