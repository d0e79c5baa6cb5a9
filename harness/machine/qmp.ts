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
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #greeted = Promise.withResolvers<void>();
  #closed = false;

  private constructor(socket: Socket, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
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
    const qmp = new Qmp(socket, onEvent);
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
    else if (message.event !== undefined) this.#onEvent({ event: message.event, data: message.data ?? {} });
    else {
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
    this.#greeted.reject(closedError('qmp_capabilities'));
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closedError(waiting.command));
  }
}

function closedError(command: string): MmapvetError {
  return new MmapvetError('QMP_CLOSED', `QEMU closed its control socket before "${command}" was answered.`);
}
