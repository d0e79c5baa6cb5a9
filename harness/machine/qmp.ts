/**
 * A QMP client: JSON objects, one a line, over a unix socket (QEMU's docs/interop/qmp-spec.rst). Commands are answered
 * in order; events come in between.
 */
import type { Socket } from 'node:net';
import { MmapvetError } from '../core/errors.ts';

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Message {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: Record<string, unknown>;
}

export class Qmp {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  readonly #greeted = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<void>();
  /** Settles, never rejects, when the control socket is gone. */
  readonly closed: Promise<void> = this.#lost.promise;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let rest = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
    const lost = (): void => this.#lose();
    socket.once('close', lost).once('error', lost);
    this.#greeted.promise.catch(() => {});
  }

  /** Takes over a connected socket and leaves capabilities negotiation behind it. */
  static async open(socket: Socket, onEvent: (event: QmpEvent) => void): Promise<Qmp> {
    const qmp = new Qmp(socket);
    qmp.subscribe(onEvent);
    await qmp.#greeted.promise;
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /** @throws MmapvetError QMP_FAILED, QMP_CLOSED */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#closed) return Promise.reject(closedError(command));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ command, resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }) })}\n`);
    return promise;
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      return; // A line cut by QEMU's end.
    }
    if (message.QMP !== undefined) this.#greeted.resolve();
    else if (message.event !== undefined) {
      const event = { event: message.event, data: message.data ?? {} };
      for (const listener of this.#listeners) listener(event);
    } else {
      const waiting = this.#waiting.shift();
      if (message.error === undefined) waiting?.resolve(message.return);
      else
        waiting?.reject(
          new MmapvetError('QMP_FAILED', `QEMU refused the command "${waiting.command}": ${message.error.desc}`),
        );
    }
  }

  #lose(): void {
    this.#closed = true;
    this.#lost.resolve();
    this.#greeted.reject(closedError('qmp_capabilities'));
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closedError(waiting.command));
  }
}

function closedError(command: string): MmapvetError {
  return new MmapvetError('QMP_CLOSED', `QEMU closed its control socket before "${command}" was answered.`);
}
