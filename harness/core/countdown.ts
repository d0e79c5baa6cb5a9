/**
 * A time limit that counts only while we run: a process that was stopped (SIGSTOP, a suspended laptop) has not read what
 * came meanwhile, and must not take that for silence.
 */
const TICK_MS = 250;

export class Countdown implements Disposable {
  readonly #over = Promise.withResolvers<void>();
  /** Settles once the time is over; never where it is stopped before. */
  readonly over: Promise<void> = this.#over.promise;
  readonly #timer: NodeJS.Timeout;
  #left: number;

  constructor(ms: number) {
    this.#left = ms;
    const tick = Math.min(TICK_MS, ms);
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      // A tick that comes late counts as two at most.
      this.#left -= Math.min(now - last, 2 * tick);
      last = now;
      if (this.#left > 0) return;
      this[Symbol.dispose]();
      this.#over.resolve();
    }, tick);
  }

  /** Begins again. */
  restart(ms: number): void {
    this.#left = ms;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** What `work` comes to, or `late` where that takes longer than `ms` of our own time. */
export async function atMost<T, L>(work: Promise<T>, ms: number, late: L): Promise<T | L> {
  using countdown = new Countdown(ms);
  return await Promise.race([work, countdown.over.then(() => late)]);
}
