/**
 * Tells when a guest is late: a cell that has no result although its time is over, nothing to hear where something must
 * come, or probes that say themselves that one of them can't be ended. What that means is hang.ts's business.
 */
import { Countdown } from '../core/countdown.ts';
import type { ConsoleLines } from '../machine/console.ts';

export interface WatchdogLimits {
  /** For one cell, from its begin to its result. */
  readonly cellMs: number;
  /** For what is no cell: loading and unloading the driver, what lies between two cells. */
  readonly otherMs: number;
  /** For a guest that says nothing, on its console or over SSH. */
  readonly silenceMs: number;
}

export interface Late {
  /** The cell that was running. */
  readonly cell: string | null;
  /** A sentence without a full stop. */
  readonly text: string;
  /** The probes said it: one of them can't be killed. */
  readonly unkillable: boolean;
}

export class Watchdog implements Disposable {
  readonly #late = Promise.withResolvers<Late>();
  /** Settles at most once, never rejects. */
  readonly late: Promise<Late> = this.#late.promise;
  readonly #limits: WatchdogLimits;
  readonly #step: Countdown;
  readonly #silence: Countdown;
  readonly #unsubscribe: () => void;
  /** A guest that tells of the same cell again and again gets no more time for it. */
  readonly #begun = new Set<string>();
  readonly #done = new Set<string>();
  #cell: string | null = null;

  constructor(console: ConsoleLines, limits: WatchdogLimits) {
    this.#limits = limits;
    this.#step = new Countdown(limits.otherMs);
    this.#silence = new Countdown(limits.silenceMs);
    this.#unsubscribe = console.subscribe(() => this.heard());
    const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
    void this.#step.over.then(() =>
      this.#tell(
        this.#cell === null
          ? `nothing came of the probes for ${seconds(limits.otherMs)}`
          : `no result ${seconds(limits.cellMs)} after it began`,
      ),
    );
    void this.#silence.over.then(() =>
      this.#tell(`the guest said nothing for ${seconds(limits.silenceMs)}, on its console or over SSH`),
    );
  }

  /** Something came over SSH. */
  heard(): void {
    this.#silence.restart(this.#limits.silenceMs);
  }

  begin(cell: string): void {
    if (this.#begun.has(cell)) return;
    this.#begun.add(cell);
    this.#cell = cell;
    this.#step.restart(this.#limits.cellMs);
  }

  result(cell: string): void {
    if (this.#done.has(cell)) return;
    this.#done.add(cell);
    this.#cell = null;
    this.#step.restart(this.#limits.otherMs);
  }

  hasResult(cell: string): boolean {
    return this.#done.has(cell);
  }

  /** The probes give up on the cell that is running. */
  stuck(text: string): void {
    this.#tell(text, true);
  }

  #tell(text: string, unkillable = false): void {
    this.#late.resolve({ cell: this.#cell, text, unkillable });
  }

  [Symbol.dispose](): void {
    this.#step[Symbol.dispose]();
    this.#silence[Symbol.dispose]();
    this.#unsubscribe();
  }
}
