/**
 * One guest's work: boot, connect, load the driver, run the probes over SSH, unload it. What the guest says is handed on
 * as it comes; how it ended is the return value. Nothing here judges.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellId, Emit, Stage } from '../core/events.ts';
import { MmapvetError, messageOf } from '../core/errors.ts';
import { inStage } from '../kernel/stage.ts';
import { Guest, type GuestRequest } from '../machine/guest.ts';
import { createKtapParser } from '../probe/ktap.ts';
import type { ProbeReport } from '../probe/report.ts';
import { createTranscriptReader, type ProbeHeader, type Transcript } from '../probe/transcript.ts';
import { SshConnection, type ExecEnd, type ExecResult } from '../ssh/connection.ts';

export interface SessionRequest {
  readonly target: string;
  readonly guest: GuestRequest;
  readonly cells: readonly CellId[];
  /** Time limit of one probe, in seconds. */
  readonly probeSeconds: number;
  /** `lie=` of the driver; 0 tells the truth. */
  readonly lie: number;
  readonly signal: AbortSignal;
}

export interface SessionHooks {
  readonly emit: Emit;
  readonly onHeader: (header: ProbeHeader) => void;
  readonly onBegin: (cell: string) => void;
  readonly onReport: (report: ProbeReport) => void;
  /** Called with the guest while it runs and all is done, for `--keep-guest`. */
  readonly onIdle?: (guest: Guest, connection: SshConnection) => Promise<void>;
}

/** Why the probes did not all run. `guest-died` and `boot` need the console to tell whose fault it is. */
export type SessionTrouble =
  | { readonly kind: 'boot'; readonly error: MmapvetError }
  | { readonly kind: 'driver'; readonly text: string }
  | { readonly kind: 'guest-died'; readonly text: string }
  | { readonly kind: 'connection'; readonly text: string }
  | { readonly kind: 'probes'; readonly text: string }
  | { readonly kind: 'unload'; readonly text: string };

export interface SessionResult {
  readonly trouble: SessionTrouble | null;
  readonly transcript: Transcript | null;
  /** All of the console. */
  readonly lines: readonly string[];
  /** The guest said that it came to its end in order. */
  readonly ended: boolean;
}

/** Where guest/rootfs puts module and probes. */
const FOLDER = '/mmapvet';
export const INSMOD = `insmod ${FOLDER}/mmapvet.ko`;
export const PROBES = `${FOLDER}/mmapvet-probes`;

/** A guest gets this long to boot: fifty times what it takes here, for hosts that are busy. */
export const BOOT_MS = 180_000;

const END_MARK = 'mmapvet: session end';

/** A line of ours in the kernel log reaches the console within this time even on a busy host. */
const CONSOLE_LAG_MS = 5000;

export async function runSession(request: SessionRequest, hooks: SessionHooks): Promise<SessionResult> {
  const { target, signal } = request;
  const stage = <T>(name: Stage, work: () => Promise<T>): Promise<T> =>
    inStage(name, target, '', hooks, async () => ({ value: await work() }));
  const state: { transcript: Transcript | null; ended: boolean } = { transcript: null, ended: false };

  await using guest = await Guest.start(request.guest);
  const { accel, consoleFile } = request.guest;
  hooks.emit({ kind: 'guest', target, accel, command: [...guest.command], console: consoleFile });
  const trouble = await stopped(async () => {
    await stage('boot', () => guest.ready(BOOT_MS, signal)).catch((error: unknown) => stopFor('boot', error, signal));
    await using connection = await stage('connect', () => SshConnection.connect(guest.ssh, signal)).catch(
      (error: unknown) => stopFor('connection', error, signal),
    );
    await stage('module', () => loadDriver(guest, connection, request));
    const end = await stage('probe', () => runProbes(request, hooks, connection, state));
    const broken = await probeTrouble(end, state.transcript, guest);
    if (broken !== null && broken.kind !== 'probes') throw new Stopped(broken);
    await hooks.onIdle?.(guest, connection);
    await unloadDriver(guest, connection, request, state, broken);
  });
  // The rest of a splat is worth having: reading goes on for a moment after a guest broke.
  if (trouble !== null && trouble.kind !== 'unload') await Promise.race([guest.exited, sleep(500)]);
  return { trouble, transcript: state.transcript, lines: guest.console.lines(), ended: state.ended };
}

/** Thrown to leave a session early; never seen outside of this file. */
class Stopped extends Error {
  readonly trouble: SessionTrouble;
  constructor(trouble: SessionTrouble) {
    super(trouble.kind === 'boot' ? messageOf(trouble.error) : trouble.text);
    this.trouble = trouble;
  }
}

async function stopped(work: () => Promise<void>): Promise<SessionTrouble | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof Stopped) return error.trouble;
    throw error;
  }
}

function stopFor(kind: 'boot' | 'connection', error: unknown, signal: AbortSignal): never {
  signal.throwIfAborted();
  if (!(error instanceof MmapvetError)) throw error;
  throw new Stopped(kind === 'boot' ? { kind, error } : { kind, text: error.message });
}

async function loadDriver(guest: Guest, connection: SshConnection, request: SessionRequest): Promise<void> {
  const command = `${INSMOD} lie=${request.lie}`;
  const result = await connection.exec({ command, timeoutMs: 30_000, signal: request.signal });
  if (result.end.kind === 'lost') throw new Stopped(await lostTrouble(guest, result.end.why));
  if (!succeeded(result.end)) throw new Stopped({ kind: 'driver', text: `insmod: ${explain(result)}` });
}

async function unloadDriver(
  guest: Guest,
  connection: SshConnection,
  request: SessionRequest,
  state: { ended: boolean },
  broken: SessionTrouble | null,
): Promise<void> {
  const command = `rmmod mmapvet; code=$?; echo "${END_MARK}" > /dev/kmsg; exit $code`;
  const result = await connection.exec({ command, timeoutMs: 30_000, signal: request.signal });
  state.ended = await sawLine(guest, END_MARK);
  if (broken !== null) throw new Stopped(broken);
  if (result.end.kind === 'lost') throw new Stopped(await lostTrouble(guest, result.end.why));
  if (!succeeded(result.end)) throw new Stopped({ kind: 'unload', text: `rmmod: ${explain(result)}` });
}

async function runProbes(
  request: SessionRequest,
  hooks: SessionHooks,
  connection: SshConnection,
  state: { transcript: Transcript | null },
): Promise<ExecEnd> {
  const { onHeader, onBegin, onReport } = hooks;
  const reader = createTranscriptReader({ onHeader, onBegin, onReport });
  const parser = createKtapParser((item) => reader.add(item));
  const cells = request.cells.map((cell) => `${cell.clause}.${cell.path}`);
  const result = await connection.exec({
    command: `${PROBES} --timeout ${request.probeSeconds} ${cells.join(' ')}`,
    // Each probe has its own limit in the guest; this one is for a guest that stalls as a whole.
    timeoutMs: (cells.length * request.probeSeconds + 30) * 1000,
    signal: request.signal,
    keep: 0,
    onStdout: (text) => parser.push(text),
  });
  parser.end();
  state.transcript = reader.transcript();
  return result.end;
}

/** 0 and 1 are verdicts, 4 is "all skipped": how the probes end when nothing is wrong on our side. */
const PROBE_EXITS: readonly number[] = [0, 1, 4];

async function probeTrouble(end: ExecEnd, transcript: Transcript | null, guest: Guest): Promise<SessionTrouble | null> {
  switch (end.kind) {
    case 'exit':
      if (PROBE_EXITS.includes(end.code)) return null;
      return { kind: 'probes', text: transcript?.bailOut ?? `mmapvet-probes ended with code ${end.code}` };
    case 'signal':
      return { kind: 'probes', text: `mmapvet-probes was ended by ${end.signal}` };
    case 'timeout':
      return { kind: 'connection', text: 'the probes did not end in time' };
    case 'lost':
      return lostTrouble(guest, end.why);
  }
}

/** A lost connection is the guest's end if QEMU ends as well, shortly before or after. */
async function lostTrouble(guest: Guest, why: string): Promise<SessionTrouble> {
  const exit = await Promise.race([guest.exited, sleep(3000, null, { ref: false })]);
  if (exit === null) return { kind: 'connection', text: `the SSH connection was lost: ${why}` };
  return { kind: 'guest-died', text: `the guest ended (QEMU exit ${exit.exitCode ?? exit.signal})` };
}

/** Waits for a line on the console. @returns whether it came */
async function sawLine(guest: Guest, text: string): Promise<boolean> {
  const seen = (line: string): boolean => line.endsWith(text);
  if (guest.console.lines().findLast(seen) !== undefined) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const unsubscribe = guest.console.subscribe((line) => {
    if (seen(line)) resolve(true);
  });
  const timer = setTimeout(() => resolve(false), CONSOLE_LAG_MS);
  void guest.exited.then(() => resolve(false));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}

const succeeded = (end: ExecEnd): boolean => end.kind === 'exit' && end.code === 0;

function explain(result: ExecResult): string {
  const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').at(-1) ?? '';
  switch (result.end.kind) {
    case 'exit':
      return said === '' ? `exit code ${result.end.code}` : said;
    case 'signal':
      return `ended by ${result.end.signal}`;
    case 'timeout':
      return 'it did not end in time';
    case 'lost':
      return result.end.why;
  }
}
