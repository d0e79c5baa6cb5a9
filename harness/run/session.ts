/**
 * One guest's work: connect, load the driver, run the probes over SSH, unload it. What the guest says is handed on as it
 * comes; how it ended is the return value. Nothing here judges.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellId, Emit, Stage } from '../core/events.ts';
import { MmapvetError, messageOf } from '../core/errors.ts';
import { inStage } from '../kernel/stage.ts';
import { endOf, watchGuest, type GuestEnd, type GuestWatch } from '../machine/ending.ts';
import type { Guest } from '../machine/guest.ts';
import { MOST_BYTES } from '../probe/gcda-archive.ts';
import { createKtapParser } from '../probe/ktap.ts';
import type { ProbeReport } from '../probe/report.ts';
import { createTranscriptReader, type ProbeHeader, type Transcript } from '../probe/transcript.ts';
import { SshConnection, type ExecResult } from '../ssh/connection.ts';
import { CONSOLE_LAG_MS, sawLine } from './console-line.ts';
import type { OwnBinary } from './own-probe.ts';
import { examine, type Hang } from './hang.ts';
import type { Pace } from './pace.ts';
import { COUNTERS, END_MARK, NOT_LOADED, NOT_UNLOADED, OWN, sessionCommand, unloadCommand } from './session-command.ts';
import { Watchdog, type WatchdogLimits } from './watchdog.ts';

export interface SessionRequest {
  readonly target: string;
  /** Gives a guest that was asked whether it is ready. */
  readonly open: () => Promise<Guest>;
  readonly cells: readonly CellId[];
  /** Time limit of one probe on the reference host, in seconds. */
  readonly probeSeconds: number;
  /** A guest that says nothing for so long on the reference host is asked whether it lives, in ms. */
  readonly silenceMs: number;
  readonly pace: Pace;
  /** What J09 draws its operations from; null lets the probe choose. */
  readonly seed: number | null;
  /** `lie=` of the driver; 0 tells the truth. */
  readonly lie: number;
  /** What runs in place of our probes; null for none. */
  readonly own: OwnBinary | null;
  readonly signal: AbortSignal;
}

export interface SessionHooks {
  readonly emit: Emit;
  readonly onHeader: (header: ProbeHeader) => void;
  readonly onBegin: (cell: string) => void;
  readonly onReport: (report: ProbeReport) => void;
  /** Asks for what each clause ran, and is given it, a tar stream; or why it is not to be had. */
  readonly coverage?: {
    readonly take: (archive: Buffer) => void;
    readonly lost: (why: string) => void;
  };
  /** Called with the guest while it runs and all is done, for `--keep-guest`. */
  readonly onIdle?: (guest: Guest, connection: SshConnection) => Promise<void>;
}

/** Why the probes did not all run. `guest-died` and `boot` need the console to tell whose fault it is. */
export type SessionTrouble =
  | { readonly kind: 'boot'; readonly error: MmapvetError }
  | { readonly kind: 'driver'; readonly text: string }
  | ({ readonly kind: 'guest-died' } & GuestEnd)
  | { readonly kind: 'connection'; readonly text: string }
  | { readonly kind: 'hang'; readonly text: string; readonly hang: Hang }
  | { readonly kind: 'probes'; readonly text: string }
  | { readonly kind: 'unload'; readonly text: string };

export interface SessionResult {
  readonly trouble: SessionTrouble | null;
  readonly transcript: Transcript | null;
  /** All of the console that counts. */
  readonly lines: readonly string[];
  /** The guest said that it came to its end in order. */
  readonly ended: boolean;
}

export async function runSession(request: SessionRequest, hooks: SessionHooks): Promise<SessionResult> {
  const { target, signal } = request;
  const stage = <T>(name: Stage, work: () => Promise<T>): Promise<T> =>
    inStage(name, target, '', hooks, async () => ({ value: await work() }));
  const state: State = { transcript: null, ended: false, hang: null };

  await using guest = await request.open();
  using watch = watchGuest(guest);
  const trouble = await stopped(async () => {
    await guest.whenReady.catch((error: unknown) => stopFor('boot', error, signal));
    await using connection = await stage('connect', () => SshConnection.connect(guest.takeSsh(), signal)).catch(
      (error: unknown) => stopFor('connection', error, signal),
    );
    await stage('probe', () => probe({ guest, watch, connection }, request, hooks, state));
  });
  // The rest of a splat is worth having: reading goes on for a moment after a guest broke.
  if (trouble !== null && trouble.kind !== 'unload') await Promise.race([guest.exited, sleep(500)]);
  const trusted = trouble?.kind === 'guest-died' ? trouble.lines : undefined;
  const lines = trusted === undefined ? guest.console.lines() : guest.console.linesUpTo(trusted);
  return { trouble, transcript: state.transcript, lines, ended: state.ended };
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

interface Connected {
  readonly guest: Guest;
  readonly watch: GuestWatch;
  readonly connection: SshConnection;
}

interface State {
  transcript: Transcript | null;
  ended: boolean;
  /** What was found of a guest that was late. */
  hang: Hang | null;
}

/** What a probe is given on this host, in whole seconds. @param seconds on the reference host */
export const probeTimeout = (seconds: number, pace: Pace): number => Math.ceil(pace.stretch(seconds * 1000) / 1000);

/** Only a guest that is to be kept is asked twice. */
async function probe(
  { guest, watch, connection }: Connected,
  request: SessionRequest,
  hooks: SessionHooks,
  state: State,
): Promise<void> {
  if (request.own !== null) await sendOwn(request.own, connection, request.signal);
  const keep = hooks.onIdle !== undefined;
  const command = sessionCommand({
    ...request,
    seconds: probeTimeout(request.probeSeconds, request.pace),
    coverage: hooks.coverage !== undefined,
    keep,
  });
  const result = await execProbes(command, request, hooks, { guest, watch, connection }, state);
  if (state.hang !== null) throw new Stopped({ kind: 'hang', text: state.hang.text, hang: state.hang });
  const broken = await troubleOf(result, state.transcript, { guest, watch });
  if (broken !== null && broken.kind !== 'probes' && broken.kind !== 'unload') {
    hooks.coverage?.lost(troubleText(broken));
    throw new Stopped(broken);
  }
  if (hooks.coverage !== undefined) await collect(connection, hooks.coverage, request.signal);
  await hooks.onIdle?.(guest, connection);
  const unloading = keep
    ? await connection.exec({
        command: unloadCommand(),
        timeoutMs: request.pace.stretch(OTHER_MS),
        signal: request.signal,
      })
    : null;
  state.ended = await sawLine(guest, END_MARK, request.pace.stretch(CONSOLE_LAG_MS));
  const trouble =
    broken ?? (unloading === null ? null : await troubleOf(unloading, state.transcript, { guest, watch }));
  if (trouble !== null) throw new Stopped(trouble);
}

async function sendOwn({ file }: OwnBinary, connection: SshConnection, signal: AbortSignal): Promise<void> {
  const command = `cat > ${OWN} && chmod 755 ${OWN}`;
  const { end, stderr } = await connection.exec({ command, input: await readFile(file), timeoutMs: SEND_MS, signal });
  if (end.kind === 'exit' && end.code === 0) return;
  const why = end.kind === 'lost' ? end.why : stderr.trim() || end.kind;
  throw new Stopped({ kind: 'connection', text: `the probe could not be sent: ${why}` });
}

/** A busy host may take a while for some megabytes. */
const COLLECT_MS = 120_000;

async function collect(
  connection: SshConnection,
  coverage: NonNullable<SessionHooks['coverage']>,
  signal: AbortSignal,
): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const { end, stderr } = await connection.exec({
    command: `tar -C ${COUNTERS} -cf - .`,
    timeoutMs: COLLECT_MS,
    signal,
    onBytes: (chunk) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
    },
  });
  if (bytes > MOST_BYTES) coverage.lost('a guest sent more than it can have counted');
  else if (end.kind !== 'exit' || end.code !== 0) coverage.lost(`tar in the guest: ${stderr.trim() || end.kind}`);
  else coverage.take(Buffer.concat(chunks));
}

async function execProbes(
  command: string,
  request: SessionRequest,
  hooks: SessionHooks,
  { guest, watch, connection }: Connected,
  state: State,
): Promise<ExecResult> {
  using watchdog = new Watchdog(guest.console, limitsOf(request));
  const reader = createTranscriptReader({
    onHeader: hooks.onHeader,
    onBegin(cell) {
      watchdog.begin(cell);
      hooks.onBegin(cell);
    },
    onReport(report) {
      watchdog.result(report.cell);
      hooks.onReport(report);
    },
    onStuck: (text) => watchdog.stuck(text),
  });
  const parser = createKtapParser((item) => reader.add(item));
  let asked: { readonly cell: string | null; readonly answer: Promise<Hang> } | null = null as typeof asked;
  const late = watchdog.late.then(async (news) => {
    asked = { cell: news.cell, answer: examine(guest, connection, news, request.pace) };
    return (await asked.answer).text;
  });
  const result = await connection.exec({
    command,
    timeoutMs: NO_LIMIT_MS,
    signal: request.signal,
    until: Promise.race([watch.over.then(({ text }) => text), late]),
    keep: SAID_BYTES,
    onStdout(text) {
      watchdog.heard();
      parser.push(text);
    },
  });
  parser.end();
  state.transcript = reader.transcript();
  // What came after all, while the guest was asked, counts.
  const came = result.end.kind === 'exit' && (asked?.cell === null || watchdog.hasResult(asked?.cell ?? ''));
  if (asked !== null && !came) {
    const hang = await asked.answer;
    // A guest that stood still meanwhile answers nothing, and that says nothing.
    const over = await Promise.race([watch.over, Promise.resolve(null)]);
    if (over?.lines === undefined) state.hang = hang;
  }
  return result;
}

/** A megabyte takes half a second here. */
const SEND_MS = 60_000;
/** The watchdog has the limits. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** Loading the driver and unloading it take a second together; between two cells the driver waits for RCU. */
const OTHER_MS = 30_000;

/** The probes end a child that is late by themselves, and give it five seconds to die; then we ask. */
const GRACE_MS = 7000;

function limitsOf({ probeSeconds, silenceMs, pace }: SessionRequest): WatchdogLimits {
  return {
    cellMs: pace.stretch(probeSeconds * 1000 + GRACE_MS),
    otherMs: pace.stretch(OTHER_MS),
    silenceMs: pace.stretch(silenceMs),
  };
}

/** What insmod and rmmod have to say is short. */
const SAID_BYTES = 4096;

/** 0 and 1 are verdicts, 4 is "all skipped": how the probes end when nothing is wrong on our side. */
const PROBE_EXITS: readonly number[] = [0, 1, 4];

async function troubleOf(
  { end, stderr }: ExecResult,
  transcript: Transcript | null,
  from: Omit<Connected, 'connection'>,
): Promise<SessionTrouble | null> {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  switch (end.kind) {
    case 'exit':
      if (PROBE_EXITS.includes(end.code)) return null;
      if (end.code === NOT_LOADED) return { kind: 'driver', text: said };
      if (end.code === NOT_UNLOADED) return { kind: 'unload', text: said };
      return { kind: 'probes', text: transcript?.bailOut ?? `mmapvet-probes ended with code ${end.code}` };
    case 'signal':
      return { kind: 'probes', text: `mmapvet-probes was ended by ${end.signal}` };
    case 'timeout':
      return { kind: 'connection', text: 'the probes did not end in time' };
    case 'lost':
      return lostTrouble(from, end.why);
  }
}

/** A lost connection is the guest's end if that comes as well, shortly before or after. */
async function lostTrouble({ guest, watch }: Omit<Connected, 'connection'>, why: string): Promise<SessionTrouble> {
  const end = await Promise.race([watch.over, endOf(guest), sleep(3000, null, { ref: false })]);
  if (end === null) return { kind: 'connection', text: `the SSH connection was lost: ${why}` };
  return { kind: 'guest-died', ...end };
}

/** The trouble in one sentence, null being none. */
export const troubleText = (trouble: SessionTrouble | null): string => {
  if (trouble === null) return 'the probes said nothing about it';
  return trouble.kind === 'boot' ? messageOf(trouble.error) : trouble.text;
};
