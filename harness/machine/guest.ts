/**
 * One running QEMU: started stopped, wired up, let go, handed its keys, and ended with certainty.
 */
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { atMost, Countdown } from '../core/countdown.ts';
import { MmapvetError } from '../core/errors.ts';
import { quoteCommand, spawn } from '../core/exec.ts';
import { CONSOLE_ID, qemuCommand, socketsOf, type GuestRam } from './argv.ts';
import { CLOCK_CHECK_MS, isTooFast, rateBetween, type ClockStamp } from './clock.ts';
import { ConsoleFile } from './console-file.ts';
import { ConsoleLines } from './console.ts';
import { HandoverPort } from './handover-port.ts';
import { createKeys, handoverMessage, type GuestKeys } from './handover.ts';
import type { Accel, MachineData } from './machine.ts';
import { loadState, saveState } from './migrate.ts';
import { Qmp, type QmpEvent } from './qmp.ts';
import { watchStall } from './stall.ts';
import { freePort, listenOnce, privateFolder } from './sockets.ts';

export interface GuestRequest {
  readonly machine: MachineData;
  readonly accel: Accel;
  readonly kernel: string;
  readonly initrd: string;
  /** Gets the raw console. */
  readonly consoleFile: string;
  readonly kernelArgs: readonly string[];
  readonly qemuArgs: readonly string[];
  /** Opens QEMU's gdb stub on a socket that only this user reaches. */
  readonly gdb?: boolean;
}

/** How a guest comes to life. */
export type GuestStart =
  | { readonly kind: 'boot' }
  /** Boots with its memory in a file, to be saved. */
  | { readonly kind: 'boot-to-save'; readonly ram: string }
  | { readonly kind: 'restore'; readonly ram: string; readonly state: string };

export const BOOT: GuestStart = { kind: 'boot' };

export interface BootLimits {
  /** For the whole boot. */
  readonly totalMs: number;
  /** For a console that says nothing. */
  readonly silenceMs: number;
  /** For QEMU alone, before the guest runs; START_MS where nothing is said. */
  readonly startMs?: number;
}

export interface GuestExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;
}

interface StartOptions {
  /** Ends the wait; the guest is gone then. */
  readonly signal?: AbortSignal | undefined;
  /** A QEMU that has not let the guest run after so long hangs, in ms. */
  readonly limitMs?: number | undefined;
}

/** On the reference host QEMU takes a quarter of a second, and a restored state a moment more. */
export const START_MS = 20_000;

/** QEMU lost the race for the port: the one start failure that another try can mend. */
const PORT_TAKEN = /could not set up host forwarding rule/i;

const MAX_EVENTS = 1000;

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
  readonly #qmp: Qmp;
  readonly #handover: HandoverPort;
  readonly #serial: Socket;
  readonly #cleanup: AsyncDisposableStack;
  readonly #folder: string;
  readonly #restored: boolean;
  #ready: Promise<void> | null = null;
  #dialled: Socket | null = null;

  private constructor(parts: {
    keys: GuestKeys;
    folder: string;
    restored: boolean;
    console: ConsoleLines;
    sshPort: number;
    command: readonly string[];
    pid: number | undefined;
    exited: Promise<GuestExit>;
    events: readonly QmpEvent[];
    qmp: Qmp;
    handover: HandoverPort;
    serial: Socket;
    cleanup: AsyncDisposableStack;
  }) {
    this.console = parts.console;
    this.keys = parts.keys;
    this.sshPort = parts.sshPort;
    this.command = parts.command;
    this.pid = parts.pid;
    this.exited = parts.exited;
    this.events = parts.events;
    this.#qmp = parts.qmp;
    this.#handover = parts.handover;
    this.#serial = parts.serial;
    this.#cleanup = parts.cleanup;
    this.#folder = parts.folder;
    this.#restored = parts.restored;
  }

  /**
   * Starts QEMU and lets the guest run. A lost race for the SSH port is tried again.
   * @throws MmapvetError QEMU_FAILED when QEMU ends before the guest ran, QEMU_NO_MEMORY where its memory's file found no space, QEMU_HANGS when it does not answer,
   * MIGRATION_FAILED for a state that does not load; the abort reason when `signal` fires
   */
  static async start(request: GuestRequest, how: GuestStart = BOOT, options: StartOptions = {}): Promise<Guest> {
    return pRetry(() => Guest.#startOnce(request, how, options), {
      retries: 4,
      minTimeout: 50,
      shouldRetry: ({ error }) => error instanceof MmapvetError && PORT_TAKEN.test(error.details.join('\n')),
    });
  }

  static async #startOnce(request: GuestRequest, how: GuestStart, options: StartOptions): Promise<Guest> {
    await using cleanup = new AsyncDisposableStack();
    using patience = patienceWith(options);
    const folder = cleanup.use(await privateFolder());
    const paths = socketsOf(folder.path);
    const [qmpSocket, consoleSocket, handoverSocket] = await Promise.all([
      listenOnce(paths.qmp),
      listenOnce(paths.console),
      listenOnce(paths.handover),
    ]);
    cleanup.defer(() => [qmpSocket, consoleSocket, handoverSocket].forEach((listening) => listening.close()));

    const sshPort = await freePort();
    const { machine, accel, kernel, initrd, consoleFile, kernelArgs, qemuArgs, gdb = false } = request;
    const command = qemuCommand(
      machine,
      { kernel, initrd, sockets: folder.path, ram: ramOf(how) },
      { accel, sshPort, kernelArgs, qemuArgs, gdb },
    );
    const child = spawn(command, { reject: false, maxBuffer: 1024 * 1024, stdout: 'ignore' });
    const exited: Promise<GuestExit> = child.then((result) => ({
      exitCode: result.exitCode,
      signal: result.signal,
      stderr: String(result.stderr ?? ''),
    }));
    cleanup.defer(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    // While QEMU starts.
    const keys = createKeys();

    const sockets = Promise.all([qmpSocket.connected, consoleSocket.connected, handoverSocket.connected]);
    const connected = await Promise.race([sockets, exited, patience.over]);
    if (!Array.isArray(connected)) throw startError(command, connected);
    const [qmpStream, consoleStream, handover] = connected;

    const events: QmpEvent[] = [];
    const opening = Qmp.open(qmpStream, (event) => {
      if (events.length < MAX_EVENTS) events.push(event);
    }).catch(async () => {
      throw startError(command, await exited);
    });
    const qmp = await Promise.race([opening, patience.over]);
    const console = new ConsoleLines();
    const file = cleanup.use(new ConsoleFile(consoleFile));
    consoleStream.setEncoding('latin1').on('data', (chunk) => {
      file.write(String(chunk));
      console.push(String(chunk));
    });
    const read = Promise.all([qmp.closed, closed(consoleStream)]);
    const running = async (): Promise<void> => {
      if (how.kind === 'restore') await loadState(qmp, how.state, join(folder.path, 'state'));
      await qmp.execute('cont');
    };
    await Promise.race([running(), patience.over]);
    return new Guest({
      keys,
      folder: folder.path,
      restored: how.kind === 'restore',
      console,
      sshPort,
      command,
      pid: child.pid,
      exited: exited.then(async (exit) => {
        await read;
        return exit;
      }),
      events,
      qmp,
      handover: cleanup.use(new HandoverPort(handover)),
      serial: consoleStream,
      cleanup: cleanup.move(),
    });
  }

  /**
   * Waits until the guest accepts SSH connections, handing over its keys on the way. Of one that was booted the clock is
   * checked as well.
   * @throws MmapvetError GUEST_DIED, GUEST_NOT_READY, GUEST_SILENT, GUEST_STALLED, GUEST_SETUP, GUEST_CLOCK; the abort reason when `signal`
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
      const complaints = await this.#handover.said('hello');
      await this.#checkClock(await this.#handover.time());
      return complaints;
    };
    await this.#until(booted(), limits, signal);
    using patience = patienceWith({ signal, limitMs: limits.startMs });
    const saving = async (): Promise<void> => {
      await this.#qmp.execute('stop');
      await saveState(this.#qmp, state, join(this.#folder, 'state'));
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
    const ready = this.#handover.said('ready');
    if (!this.#restored) await this.#handover.said('hello');
    const stamp = this.#restored ? null : await this.#handover.time();
    this.#handover.send(handoverMessage(this.keys));
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
    this.#cleanup.defer(() => void socket.destroy());
  }

  /** @throws MmapvetError GUEST_CLOCK */
  async #checkClock(first: ClockStamp): Promise<void> {
    await sleep(Math.max(0, first.cameMs + CLOCK_CHECK_MS - performance.now()));
    const rate = rateBetween(first, await this.#handover.time());
    if (!isTooFast(rate)) return;
    const times = ((rate.least + Math.min(rate.most, rate.least * 2)) / 2).toFixed(2);
    throw new MmapvetError('GUEST_CLOCK', `The guest's clock runs ${times} times as fast as the host's.`, {
      hint: 'Try again: on a busy host Linux may calibrate the clock wrongly while it boots.',
    });
  }

  /** Asks process 1 for a sign of life, past network and SSH. @returns whether it came in time */
  async answers(timeoutMs: number): Promise<boolean> {
    const answer = this.#handover.time().then(() => true);
    return atMost(answer, timeoutMs, false);
  }

  /** Sends a BREAK and a key over the serial console: sysrq, for a guest whose user space is gone. */
  async sysrq(key: string): Promise<void> {
    await this.#qmp.execute('chardev-send-break', { id: CONSOLE_ID });
    this.#serial.write(key);
  }

  async #died(): Promise<MmapvetError> {
    const exit = await this.exited;
    const how = exit.signal === undefined ? `with code ${exit.exitCode}` : `by ${exit.signal}`;
    const said = exit.stderr.trim().split('\n').filter(Boolean).slice(-5);
    return new MmapvetError('GUEST_DIED', `QEMU ended ${how} before the guest was ready.`, {
      hint: 'Read the end of its console.',
      details: [...said, ...this.console.lines().slice(-15)],
    });
  }

  /** Where QEMU's gdb stub listens, in a guest that was started with one. */
  get gdbSocket(): string {
    return socketsOf(this.#folder).gdb;
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
    return this.#qmp.subscribe(listener);
  }

  /** A QMP command, for diagnosis. */
  qmp(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#qmp.execute(command, args);
  }

  /** Asks QEMU to quit, waits a moment, then makes sure. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#qmp.execute('quit').catch(() => {});
    await Promise.race([this.exited, sleep(2000, undefined, { ref: false })]);
    this.#qmp.close();
    await this.#cleanup.disposeAsync();
  }
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((done) => void socket.once('close', () => done()).on('error', () => {}));

/** `over` rejects when `signal` fires, or when the time is over; nobody has to look at it. */
function patienceWith({ signal, limitMs = START_MS }: StartOptions): Disposable & { readonly over: Promise<never> } {
  const { promise: over, reject } = Promise.withResolvers<never>();
  over.catch(() => {});
  const abort = (): void => reject(signal?.reason as Error);
  const hint = 'Look what else this machine does; try the command by hand.';
  const countdown = new Countdown(limitMs);
  void countdown.over.then(() =>
    reject(new MmapvetError('QEMU_HANGS', `QEMU did not answer for ${seconds(limitMs)} s.`, { hint })),
  );
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  return {
    over,
    [Symbol.dispose]() {
      countdown[Symbol.dispose]();
      signal?.removeEventListener('abort', abort);
    },
  };
}

/** Rejects when `signal` fires, unless `stop` did before. */
function abortOf(signal: AbortSignal, stop: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const fire = (): void => reject(signal.reason as Error);
  if (signal.aborted) fire();
  signal.addEventListener('abort', fire, { once: true, signal: stop });
  return promise;
}

const seconds = (ms: number): number => Math.round(ms / 1000);

function ramOf(how: GuestStart): GuestRam | null {
  switch (how.kind) {
    case 'boot':
      return null;
    case 'boot-to-save':
      return { file: how.ram, use: 'save' };
    case 'restore':
      return { file: how.ram, use: 'restore' };
  }
}

function startError(command: readonly string[], exit: GuestExit): MmapvetError {
  const said = exit.stderr.trim().split('\n').filter(Boolean);
  const how = exit.signal === undefined ? `with code ${exit.exitCode}` : `by ${exit.signal}`;
  return new MmapvetError(
    // A page of its memory's file that can't be had.
    exit.signal === 'SIGBUS' ? 'QEMU_NO_MEMORY' : 'QEMU_FAILED',
    `QEMU did not start: ${said.at(-1) ?? `it ended ${how}`}`,
    {
      hint: 'Run "mmapvet doctor"; try the command by hand.',
      details: [...said.slice(-10), quoteCommand(command)],
    },
  );
}
