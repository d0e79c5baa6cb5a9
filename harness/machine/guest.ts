/**
 * One running guest: handed its keys, asked and saved through QEMU, and ended with certainty.
 */
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, Countdown } from '../core/countdown.ts';
import { MmapvetError } from '../core/errors.ts';
import { quoteCommand } from '../core/exec.ts';
import { CONSOLE_ID, socketsOf } from './argv.ts';
import { CLOCK_CHECK_MS, isTooFast, rateBetween, type ClockStamp } from './clock.ts';
import type { ConsoleLines } from './console.ts';
import { handoverMessage, type GuestKeys } from './handover.ts';
import { saveState } from './migrate.ts';
import type { QmpEvent } from './qmp.ts';
import { privateFolder } from './sockets.ts';
import { watchStall } from './stall.ts';
import {
  BOOT,
  howEnded,
  patienceWith,
  seconds,
  startQemu,
  wasKilled,
  type GuestExit,
  type GuestRequest,
  type GuestStart,
  type RunningQemu,
  type StartOptions,
} from './start.ts';

export interface BootLimits {
  /** For the whole boot. */
  readonly totalMs: number;
  /** For a console that says nothing. */
  readonly silenceMs: number;
  /** For QEMU alone, before the guest runs; START_MS where nothing is said. */
  readonly startMs?: number;
}

export class Guest implements AsyncDisposable {
  readonly console: ConsoleLines;
  readonly keys: GuestKeys;
  readonly sshPort: number;
  readonly command: readonly string[];
  readonly pid: number | undefined;
  /** Settles, never rejects, when QEMU is gone and all that it said has been read. */
  readonly exited: Promise<GuestExit>;
  /** QMP events so far, such as RESET, SHUTDOWN or STOP. */
  readonly events: readonly QmpEvent[];
  readonly #qemu: RunningQemu;
  #ready: Promise<void> | null = null;
  #dialled: Socket | null = null;

  private constructor(qemu: RunningQemu) {
    this.console = qemu.console;
    this.keys = qemu.keys;
    this.sshPort = qemu.sshPort;
    this.command = qemu.command;
    this.pid = qemu.pid;
    this.exited = qemu.exited;
    this.events = qemu.events;
    this.#qemu = qemu;
  }

  /** @throws as startQemu */
  static async start(request: GuestRequest, how: GuestStart = BOOT, options: StartOptions = {}): Promise<Guest> {
    return new Guest(await startQemu(request, how, options));
  }

  /**
   * Waits until the guest accepts SSH connections, handing over its keys on the way. Of one that was booted the clock is
   * checked as well.
   * @throws MmapvetError GUEST_DIED, GUEST_KILLED, GUEST_NOT_READY, GUEST_SILENT, GUEST_STALLED, GUEST_SETUP, GUEST_CLOCK; the abort reason when `signal`
   * fires
   */
  ready(limits: BootLimits, signal: AbortSignal): Promise<void> {
    this.#ready ??= this.#until(this.#converse(), limits, signal);
    return this.#ready;
  }

  /** What `ready` came to. */
  get whenReady(): Promise<void> {
    return this.#ready ?? Promise.reject(new Error('nobody has asked this guest whether it is ready'));
  }

  /**
   * Waits until the guest has booted, and saves it as it waits for its keys; it is of no other use then.
   * @param state an empty file for all but the memory
   * @throws as `ready`, and MIGRATION_FAILED, QEMU_HANGS
   */
  async save(state: string, limits: BootLimits, signal: AbortSignal): Promise<void> {
    const booted = async (): Promise<string> => {
      const complaints = await this.#qemu.handover.said('hello');
      await this.#checkClock(await this.#qemu.handover.time());
      return complaints;
    };
    await this.#until(booted(), limits, signal);
    using patience = patienceWith({ signal, limitMs: limits.startMs });
    const saving = async (): Promise<void> => {
      await this.#qemu.qmp.execute('stop');
      await saveState(this.#qemu.qmp, state, join(this.#qemu.folder, 'state'));
    };
    await Promise.race([saving(), patience.over]);
  }

  /** @param answer the guest's complaints, empty for none */
  async #until(answer: Promise<string>, limits: BootLimits, signal: AbortSignal): Promise<void> {
    answer.catch(() => {});
    using total = new Countdown(limits.totalMs);
    using silence = new Countdown(limits.silenceMs);
    using stall = watchStall(this);
    const unsubscribe = this.console.subscribe(() => silence.restart(limits.silenceMs));
    const stop = new AbortController();
    try {
      const first = await Promise.race([
        answer.then((complaints) => ({ kind: 'answer', complaints }) as const),
        this.exited.then(() => ({ kind: 'exit' }) as const),
        total.over.then(() => ({ kind: 'late' }) as const),
        silence.over.then(() => ({ kind: 'silent' }) as const),
        stall.stalled.then(({ text }) => ({ kind: 'stalled', text }) as const),
        abortOf(signal, stop.signal),
      ]);
      switch (first.kind) {
        case 'answer':
          if (first.complaints === '') return;
          throw this.#bootError('GUEST_SETUP', `The guest could not set itself up: ${first.complaints}`);
        case 'exit':
          throw await this.#died();
        case 'late':
          throw this.#bootError(
            'GUEST_NOT_READY',
            `The guest was not ready for SSH after ${seconds(limits.totalMs)} s.`,
          );
        case 'stalled':
          throw this.#bootError('GUEST_STALLED', `The guest's clock can't be trusted: ${first.text}.`);
        case 'silent':
          throw this.#bootError(
            'GUEST_SILENT',
            `The guest was not ready for SSH, and silent for ${seconds(limits.silenceMs)} s.`,
          );
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      stop.abort();
      unsubscribe();
    }
  }

  #bootError(code: string, text: string): MmapvetError {
    return new MmapvetError(code, text, {
      hint: 'Read the end of its console.',
      details: this.console.lines().slice(-15),
    });
  }

  /** Hands over when the guest says `hello`; a restored one has said it before. @returns as HandoverPort.said */
  async #converse(): Promise<string> {
    const ready = this.#qemu.handover.said('ready');
    if (!this.#qemu.restored) await this.#qemu.handover.said('hello');
    const stamp = this.#qemu.restored ? null : await this.#qemu.handover.time();
    this.#qemu.handover.send(handoverMessage(this.keys));
    this.#dial();
    const complaints = await ready;
    if (stamp !== null) await this.#checkClock(stamp);
    return complaints;
  }

  /**
   * Connects to the guest, which listens before it says `hello`: the way there is open when its sshd has its keys. A
   * connection that breaks is a matter for whoever uses it.
   */
  #dial(): void {
    const socket = connect({ host: '127.0.0.1', port: this.sshPort, noDelay: true });
    socket.on('error', () => {});
    this.#dialled = socket;
    this.#qemu.cleanup.defer(() => void socket.destroy());
  }

  /** @throws MmapvetError GUEST_CLOCK */
  async #checkClock(first: ClockStamp): Promise<void> {
    await sleep(Math.max(0, first.cameMs + CLOCK_CHECK_MS - performance.now()));
    const rate = rateBetween(first, await this.#qemu.handover.time());
    if (!isTooFast(rate)) return;
    const times = ((rate.least + Math.min(rate.most, rate.least * 2)) / 2).toFixed(2);
    throw new MmapvetError('GUEST_CLOCK', `The guest's clock runs ${times} times as fast as the host's.`, {
      hint: 'Try again: on a busy host Linux may calibrate the clock wrongly while it boots.',
    });
  }

  /** Asks process 1 for a sign of life, past network and SSH. @returns whether it came in time */
  async answers(timeoutMs: number): Promise<boolean> {
    const answer = this.#qemu.handover.time().then(() => true);
    return atMost(answer, timeoutMs, false);
  }

  /** Sends a BREAK and a key over the serial console: sysrq, for a guest whose user space is gone. */
  async sysrq(key: string): Promise<void> {
    await this.#qemu.qmp.execute('chardev-send-break', { id: CONSOLE_ID });
    this.#qemu.serial.write(key);
  }

  async #died(): Promise<MmapvetError> {
    const exit = await this.exited;
    const killed = wasKilled(exit);
    const said = exit.stderr.trim().split('\n').filter(Boolean).slice(-5);
    return new MmapvetError(
      killed ? 'GUEST_KILLED' : 'GUEST_DIED',
      `QEMU ended ${howEnded(exit)} before the guest was ready.`,
      {
        hint: killed
          ? 'Look who ends processes here: Linux does where memory is short.'
          : 'Read the end of its console.',
        details: [...said, ...this.console.lines().slice(-15)],
      },
    );
  }

  /** Where QEMU's gdb stub listens, in a guest that was started with one. */
  get gdbSocket(): string {
    return socketsOf(this.#qemu.folder).gdb;
  }

  /** What an SSH client needs to reach this guest, and no other; the first one gets the connection that was made already. */
  takeSsh(): {
    readonly port: number;
    readonly privateKey: string;
    readonly hostPublic: Buffer;
    readonly socket?: Socket;
  } {
    const dialled = this.#dialled;
    this.#dialled = null;
    return {
      port: this.sshPort,
      privateKey: this.keys.clientPrivate,
      hostPublic: this.keys.hostPublic,
      ...(dialled === null ? {} : { socket: dialled }),
    };
  }

  /** The client key and the host's public key as files, for the user's own ssh; both go when disposed. */
  async writeClientKey(): Promise<AsyncDisposable & { readonly path: string }> {
    const folder = await privateFolder();
    const path = join(folder.path, 'key');
    await writeFile(path, this.keys.clientPrivate, { mode: 0o600 });
    const host = `[127.0.0.1]:${this.sshPort} ssh-ed25519 ${this.keys.hostPublic.toString('base64')}\n`;
    await writeFile(`${path}.known_hosts`, host);
    return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  }

  sshCommand(keyFile: string): string {
    const options = ['IdentitiesOnly=yes', `UserKnownHostsFile=${keyFile}.known_hosts`];
    const words = ['ssh', '-p', String(this.sshPort), '-i', keyFile, ...options.flatMap((option) => ['-o', option])];
    return quoteCommand([...words, 'root@127.0.0.1']);
  }

  /** @returns a function that ends the subscription */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    return this.#qemu.qmp.subscribe(listener);
  }

  /** A QMP command, for diagnosis. */
  qmp(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#qemu.qmp.execute(command, args);
  }

  /** Asks QEMU to quit, waits a moment, then makes sure. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#qemu.qmp.execute('quit').catch(() => {});
    await Promise.race([this.exited, sleep(2000, undefined, { ref: false })]);
    this.#qemu.qmp.close();
    await this.#qemu.cleanup.disposeAsync();
  }
}

/** Rejects when `signal` fires, unless `stop` did before. */
function abortOf(signal: AbortSignal, stop: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const fire = (): void => reject(signal.reason as Error);
  if (signal.aborted) fire();
  signal.addEventListener('abort', fire, { once: true, signal: stop });
  return promise;
}
