/** How much may happen at once on this host. */
import { availableParallelism, freemem } from 'node:os';

/** Lets at most `limit` holders in; others wait in order. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((go) => void this.#waiting.push(go));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/** QEMU's own memory beside the guest's, in MiB. */
const QEMU_MIB = 150;

/** Emulated guests are processor bound: one a core. Memory bounds the rest. At least one runs on any host. */
export function guestsAtOnce(memoryMiB: number, cores = availableParallelism(), freeMiB = freemem() / 2 ** 20): number {
  return Math.max(1, Math.min(cores, Math.floor(freeMiB / (memoryMiB + QEMU_MIB))));
}
