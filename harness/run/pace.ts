/**
 * How slow this host is at the moment, beside the one on which the reference figures were taken. Every time limit of a run
 * is multiplied by it: a loop on the host says it before the first guest, then each guest by how long it took to come up.
 * It only ever grows, since work beside us comes and goes.
 */
import type { BootLimits } from '../machine/guest.ts';
import { START_MS } from '../machine/start.ts';

/** A guest that says nothing for so long is stuck, unless `--silence` says otherwise. */
export const SILENCE_MS = 60_000;

/** A limit that is stretched further than this is none. */
const MOST = 20;

/** What `loop` takes on the reference host, in ms, nothing else running. */
const LOOP_REFERENCE_MS = 45;

/** A boot gets so many times the reference before it is given up. */
const BOOT_SHARE = 30;

/** Any guest that comes up gets this long in any case, in ms: emulation can be slow where processors are fast. */
const LEAST_BOOT_MS = 30_000;

export class Pace {
  #factor: number;

  /** @param factor how many times slower than the reference; 1 at least */
  constructor(factor: number = hostSlowdown()) {
    this.#factor = bounded(factor);
  }

  get factor(): number {
    return this.#factor;
  }

  /** A guest came up in `ms`, and takes `referenceMs` on the reference host. */
  measured(ms: number, referenceMs: number): void {
    this.#factor = Math.max(this.#factor, bounded(ms / referenceMs));
  }

  /** A time limit of the reference host, on this one. */
  stretch(ms: number): number {
    return Math.ceil(ms * this.#factor);
  }

  /** @param silenceMs of the reference host */
  bootLimits(referenceMs: number, silenceMs: number): BootLimits {
    return {
      totalMs: this.stretch(Math.max(referenceMs * BOOT_SHARE, LEAST_BOOT_MS)),
      silenceMs: this.stretch(silenceMs),
      startMs: this.stretch(START_MS),
    };
  }
}

const bounded = (factor: number): number => Math.min(MOST, Math.max(1, factor));

/** A fixed amount of work, timed. */
export function hostSlowdown(): number {
  const start = performance.now();
  loop();
  return (performance.now() - start) / LOOP_REFERENCE_MS;
}

function loop(): number {
  let x = 0x12345678;
  for (let i = 0; i < 10_000_000; i += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}
