/** The virtio-serial port to process 1 of the guest (guest/rootfs/handover.c): lines from it, items to it. */
import type { Socket } from 'node:net';
import type { ClockStamp } from './clock.ts';

/** Longest line that a guest has to say here, and what one chunk may hold of an unfinished one. */
const MAX_LINE = 1024;

const ASK_TIME = 'time 0\n';

export class HandoverPort implements Disposable {
  readonly #socket: Socket;
  readonly #listeners = new Set<(line: string) => void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    let rest = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      const lines = (rest + String(chunk)).split('\n');
      rest = (lines.pop() ?? '').slice(-MAX_LINE);
      for (const line of lines) for (const listener of this.#listeners) listener(line);
    });
  }

  send(items: string | Buffer): void {
    this.#socket.write(items);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Waits for a word.
   * @param onLine told of each line before
   * @returns the guest's complaints until then, empty for none
   */
  said(word: string, onLine: (line: string) => unknown = () => {}): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const complaints: string[] = [];
    const unsubscribe = this.subscribe((line) => {
      onLine(line);
      if (line === word) resolve(complaints.join('; '));
      else if (line.startsWith('error ') && complaints.length < 10) complaints.push(line.slice('error '.length, 200));
    });
    return promise.finally(unsubscribe);
  }

  /** Asks process 1 for the guest's clock. Waits for as long as it takes: a guest that hangs never answers. */
  async time(): Promise<ClockStamp> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const unsubscribe = this.subscribe((line) => {
      const nanoseconds = /^time (\d{1,18})$/.exec(line)?.[1];
      if (nanoseconds !== undefined) resolve(Number(nanoseconds) / 1e6);
    });
    const askedMs = performance.now();
    this.send(ASK_TIME);
    try {
      const guestMs = await promise;
      return { askedMs, cameMs: performance.now(), guestMs };
    } finally {
      unsubscribe();
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
