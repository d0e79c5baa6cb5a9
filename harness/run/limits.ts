/** How much may happen at once on this host. */
import { availableParallelism, freemem } from 'node:os';

interface Waiting {
  readonly weight: number;
  readonly go: () => void;
}

/** Lets at most `limit` holders in. The heaviest of those that wait comes next, the first of equals first. */
export class Gate {
  #free: number;
  readonly #waiting: Waiting[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /** @param weight how long the work will take, in any unit that its rivals use too */
  async hold<T>(work: () => Promise<T>, weight = 0): Promise<T> {
    using _place = await this.enter(weight);
    return await work();
  }

  /** A place inside until it is disposed of. */
  async enter(weight = 0): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((go) => void this.#waiting.push({ weight, go }));
    return { [Symbol.dispose]: () => this.#next() };
  }

  #next(): void {
    const heaviest = Math.max(...this.#waiting.map(({ weight }) => weight));
    const index = this.#waiting.findIndex(({ weight }) => weight === heaviest);
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (next === undefined) this.#free += 1;
    else next.go();
  }
}

/** QEMU's own memory beside the guest's, in MiB. */
const QEMU_MIB = 150;

/** Emulated guests are processor bound: one a core. Memory bounds the rest. At least one runs on any host. */
export function guestsAtOnce(memoryMiB: number, cores = availableParallelism(), freeMiB = freemem() / 2 ** 20): number {
  return Math.max(1, Math.min(cores, Math.floor(freeMiB / (memoryMiB + QEMU_MIB))));
}
