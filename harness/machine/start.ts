/**
 * QEMU, from its command to a guest that runs: started stopped, wired up by sockets that are ours alone, and let go.
 */
import type { Socket } from 'node:net';
import { join } from 'node:path';
import pRetry from 'p-retry';
import { atMost, Countdown } from '../core/countdown.ts';
import { MmapvetError } from '../core/errors.ts';
import { quoteCommand, spawn } from '../core/exec.ts';
import { qemuCommand, socketsOf, type GuestRam } from './argv.ts';
import { ConsoleFile } from './console-file.ts';
import { ConsoleLines } from './console.ts';
import { HandoverPort } from './handover-port.ts';
import { createKeys, type GuestKeys } from './handover.ts';
import type { Accel, MachineData } from './machine.ts';
import { loadState } from './migrate.ts';
import { Qmp, type QmpEvent } from './qmp.ts';
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

export interface GuestExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderr: string;
}

export interface StartOptions {
  /** Ends the wait; the guest is gone then. */
  readonly signal?: AbortSignal | undefined;
  /** A QEMU that has not let the guest run after so long hangs, in ms. */
  readonly limitMs?: number | undefined;
}

/** On the reference host QEMU takes a quarter of a second, and a restored state a moment more. */
export const START_MS = 20_000;

/** QEMU lost the race for the port: another try can mend it, as it can where somebody killed it. */
const PORT_TAKEN = /could not set up host forwarding rule/i;

const MAX_EVENTS = 1000;

/** What is said of a QEMU that ended while it was asked. */
const ENDED: readonly unknown[] = ['QMP_CLOSED', 'MIGRATION_FAILED'];
const EXIT_MS = 1000;

export interface RunningQemu {
  readonly keys: GuestKeys;
  /** Where its sockets are; only this user gets in. */
  readonly folder: string;
  readonly restored: boolean;
  readonly console: ConsoleLines;
  readonly sshPort: number;
  readonly command: readonly string[];
  readonly pid: number | undefined;
  /** Settles, never rejects, when QEMU is gone and all that it said has been read. */
  readonly exited: Promise<GuestExit>;
  /** QMP events so far. */
  readonly events: readonly QmpEvent[];
  readonly qmp: Qmp;
  readonly handover: HandoverPort;
  readonly serial: Socket;
  /** Ends it, and removes what is its own. */
  readonly cleanup: AsyncDisposableStack;
}

/**
 * Starts QEMU and lets the guest run. A lost race for the SSH port is tried again, and a QEMU that was killed.
 * @throws MmapvetError QEMU_FAILED when QEMU ends before the guest ran, GUEST_KILLED by a signal, QEMU_NO_MEMORY where its memory's file found no space, QEMU_HANGS when it does not answer,
 * MIGRATION_FAILED for a state that does not load; the abort reason when `signal` fires
 */
export async function startQemu(request: GuestRequest, how: GuestStart, options: StartOptions): Promise<RunningQemu> {
  return pRetry(() => startOnce(request, how, options), {
    retries: 4,
    minTimeout: 50,
    shouldRetry: ({ error }) =>
      error instanceof MmapvetError && (error.code === 'GUEST_KILLED' || PORT_TAKEN.test(error.details.join('\n'))),
  });
}

async function startOnce(request: GuestRequest, how: GuestStart, options: StartOptions): Promise<RunningQemu> {
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
  await Promise.race([running(), patience.over]).catch(async (error: unknown) => {
    // Its socket is gone a moment before the process is.
    const exit = ENDED.includes((error as MmapvetError).code) ? await atMost(exited, EXIT_MS, null) : null;
    throw exit !== null && wasKilled(exit) ? startError(command, exit) : error;
  });
  return {
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
  };
}

const closed = (socket: Socket): Promise<void> =>
  new Promise((done) => void socket.once('close', () => done()).on('error', () => {}));

/** `over` rejects when `signal` fires, or when the time is over; nobody has to look at it. */
export function patienceWith({
  signal,
  limitMs = START_MS,
}: StartOptions): Disposable & { readonly over: Promise<never> } {
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

export const seconds = (ms: number): number => Math.round(ms / 1000);

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
  return new MmapvetError(codeOf(exit), `QEMU did not start: ${said.at(-1) ?? `it ended ${howEnded(exit)}`}`, {
    hint: 'Run "mmapvet doctor"; try the command by hand.',
    details: [...said.slice(-10), quoteCommand(command)],
  });
}

function codeOf(exit: GuestExit): string {
  // A page of its memory's file that can't be had.
  if (exit.signal === 'SIGBUS') return 'QEMU_NO_MEMORY';
  return wasKilled(exit) ? 'GUEST_KILLED' : 'QEMU_FAILED';
}

/** `with code 1`, `by SIGKILL`. */
export const howEnded = ({ exitCode, signal }: Pick<GuestExit, 'exitCode' | 'signal'>): string =>
  signal === undefined ? `with code ${exitCode}` : `by ${signal}`;

/** By a signal. One that it handles lets it end in order, and say so. */
export const wasKilled = ({ signal, stderr }: GuestExit): boolean =>
  signal !== undefined || /\bterminating on signal \d+/.test(stderr);
