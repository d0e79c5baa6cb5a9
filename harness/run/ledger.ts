/**
 * The cells of one batch: which are still to be run, and how a report or its absence becomes a verdict. A cell is decided
 * once a batch; what comes later can't change it.
 */
import type { AllowEntry } from '../contract/allow.ts';
import type { CatalogueCell } from '../contract/catalogue.ts';
import { findRecorded, type Recorded } from '../contract/recorded.ts';
import type { Cell, CellId, Emit, Fault } from '../core/events.ts';
import { weigh } from '../core/outcome.ts';
import { sliceByCell } from '../probe/slices.ts';
import { findSplats } from '../probe/splat.ts';
import { taintFlags } from '../probe/taint.ts';
import type { ProbeFacts, ProbeReport } from '../probe/report.ts';
import { decide, type Missing, type ProbeResult } from '../results/verdict.ts';
import type { Found } from './evidence.ts';
import { cellName, type Attempt } from './tally.ts';

export interface LedgerOptions {
  readonly target: string;
  readonly profile: string;
  readonly checks: readonly CatalogueCell[];
  /** Of the driver, where that is known before a guest says it. */
  readonly features: readonly string[] | null;
  readonly kernelVersion: string;
  readonly emit: Emit;
  readonly recorded: Recorded;
  readonly allow: readonly AllowEntry[];
  readonly onVerdict: (attempt: Attempt) => void;
}

const nameOf = (check: CatalogueCell): string => cellName(check.clause.id, check.path);

/** An oops or a BUG() had come before this cell began. */
const hadDied = ({ taint }: ProbeReport): boolean =>
  taint !== null && taintFlags(taint.before).some(({ letter }) => letter === 'D');

const wentWrong = ({ outcome }: Cell): boolean => ['bad', 'undecided'].includes(weigh(outcome));

/** What another guest may well be spared. */
const OURS: readonly Missing[] = ['lost-connection', 'guest-died'];

export class CellLedger {
  readonly #options: LedgerOptions;
  readonly #pending: Map<string, CatalogueCell>;
  /** Cells that went wrong where the kernel had broken before: they wait for another guest. */
  readonly #postponed = new Set<string>();
  /** Of the driver, from the probes' header or the compile probes; null until known. */
  features: readonly string[] | null;
  kernelVersion: string;
  /** The number of the guest that runs the cells; null before any does. */
  guest: number | null = null;
  /** There is no other guest to wait for. */
  lastGuest = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.features = options.features;
    this.kernelVersion = options.kernelVersion;
    this.#pending = new Map(options.checks.map((check) => [nameOf(check), check]));
  }

  get pending(): readonly CellId[] {
    return [...this.#pending.values()].map((check) => this.#idOf(check));
  }

  #idOf(check: CatalogueCell): CellId {
    const { target, profile } = this.#options;
    return { clause: check.clause.id, path: check.path, target, profile };
  }

  begin(cell: string): void {
    const check = this.#pending.get(cell);
    this.#postponed.delete(cell);
    if (check !== undefined) this.#options.emit({ kind: 'cell-start', cell: this.#idOf(check) });
  }

  report(report: ProbeReport): void {
    const check = this.#pending.get(report.cell);
    if (check === undefined) return;
    const probe = { kind: 'reported', report } as const;
    const splats = findSplats(report.kmsg);
    // A kernel that has oopsed is no witness against itself: what it does afterwards proves nothing.
    const doubted = !this.lastGuest && hadDied(report) && wentWrong(this.#decide(check, probe, splats));
    if (doubted) this.#postponed.add(report.cell);
    else this.#settle(check, probe, splats, report.kmsg);
  }

  /**
   * The cell that was running when the guest or the probes came to an end.
   * @param end what the end itself says of the kernel, for one that came without a word on the console
   * @param files more for the evidence, by name
   */
  broken(
    facts: ProbeFacts,
    why: Missing,
    detail: string,
    lines: readonly string[],
    end: Fault | null = null,
    files: Found['files'] = new Map(),
  ): void {
    const check = this.#pending.get(facts.cell);
    if (check === undefined) return;
    const slice = sliceByCell(lines).cells.get(facts.cell) ?? [];
    const splats: readonly Fault[] = findSplats(slice);
    const faults = splats.length === 0 && end !== null ? [end] : splats;
    this.#settle(check, { kind: 'missing', why, detail, facts }, faults, slice, files);
  }

  /** All cells that are left: nothing more will be known about them. */
  giveUp(why: Missing, detail: string, faults: readonly Fault[] = []): void {
    for (const check of this.#pending.values())
      this.#settle(check, { kind: 'missing', why, detail, facts: null }, faults, []);
  }

  /** All cells that this guest was to decide and did not; the postponed ones are another's. */
  endGuest(detail: string): void {
    for (const [name, check] of this.#pending)
      if (!this.#postponed.has(name))
        this.#settle(check, { kind: 'missing', why: 'no-result', detail, facts: null }, [], []);
  }

  #settle(
    check: CatalogueCell,
    probe: ProbeResult,
    splats: readonly Fault[],
    slice: readonly string[],
    files: Found['files'] = new Map(),
  ): void {
    const facts = probe.kind === 'reported' ? probe.report : probe.facts;
    this.#pending.delete(nameOf(check));
    const cell = this.#decide(check, probe, splats);
    this.#options.onVerdict({
      cell,
      slice,
      files,
      said: facts?.said ?? [],
      guest: this.guest,
      ours: probe.kind === 'missing' && OURS.includes(probe.why),
    });
  }

  #decide(check: CatalogueCell, probe: ProbeResult, splats: readonly Fault[]): Cell {
    return decide({
      id: this.#idOf(check),
      clause: check.clause,
      probe,
      splats,
      taint: null,
      features: this.features,
      kernelVersion: this.kernelVersion,
      recorded: findRecorded(this.#options.recorded, nameOf(check), this.#options.target, this.kernelVersion),
      allow: this.#options.allow,
      evidence: null,
    });
  }
}
