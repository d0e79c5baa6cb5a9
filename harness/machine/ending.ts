/**
 * How a guest came to its end while it was needed: what QEMU's exit, QEMU's events and the console say together. SSH alone
 * can't tell a dead guest from a dead line.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../core/screen.ts';
import type { ConsoleLines } from './console.ts';
import type { QmpEvent } from './qmp.ts';
import { watchStall } from './stall.ts';
import { howEnded, type GuestExit } from './start.ts';

export interface GuestEnd {
  /** A sentence without a full stop. */
  readonly text: string;
  /**
   * `guest`: its own doing, a panic, a reset or a power-off, which our probes never ask for. `host`: QEMU's, or
   * somebody's who ended it.
   */
  readonly by: 'guest' | 'host';
  /** Only so many lines of its console count: those before it stood still. */
  readonly lines?: number;
}

/** What a running guest shows of its end. */
export interface Endable {
  readonly console: ConsoleLines;
  /** Of QEMU. */
  readonly pid: number | undefined;
  /** QMP events so far. */
  readonly events: readonly QmpEvent[];
  /** Settles, never rejects, when QEMU is gone and all that it said has been read. */
  readonly exited: Promise<GuestExit>;
  /** @returns a function that ends the subscription */
  onEvent(listener: (event: QmpEvent) => void): () => void;
  qmp(command: string): Promise<unknown>;
}

/** QEMU's reasons (ShutdownCause of its qapi/run-state.json) that are the guest's own doing. */
const OWN_DOING: Readonly<Record<string, string>> = {
  'guest-reset': 'the guest reset itself',
  'guest-shutdown': 'the guest powered itself off',
  'guest-panic': 'the guest panicked',
};

/** The end of a guest whose QEMU is gone. */
export async function endOf(guest: Pick<Endable, 'exited' | 'events'>): Promise<GuestEnd> {
  const exit = await guest.exited;
  const { exitCode, signal, stderr } = exit;
  const reason = guest.events.findLast(({ event }) => event === 'SHUTDOWN')?.data['reason'];
  const own = typeof reason === 'string' ? OWN_DOING[reason] : undefined;
  if (signal === undefined && exitCode === 0 && own !== undefined) return { text: own, by: 'guest' };
  const said = printable(stderr.trim().split('\n').at(-1) ?? '').slice(0, 200);
  const words = said === '' ? (typeof reason === 'string' ? ` (${reason})` : '') : `: ${said}`;
  return { text: `QEMU ended ${howEnded(exit)}${words}`, by: 'host' };
}

const PANIC = /Kernel panic - not syncing/;

/** After its panic line a kernel prints a stack and resets the machine; one told not to (`panic=0`) stays. */
const PANIC_MS = 3000;
/** SSH notices the end by itself as a rule, and may still hold words of the guest. */
const EXIT_MS = 1000;

export interface GuestWatch extends Disposable {
  /** Settles, never rejects, when the guest will not answer any more. */
  readonly over: Promise<GuestEnd>;
}

/** Watches a guest's console, its QEMU and QEMU's events at once. */
export function watchGuest(guest: Endable): GuestWatch {
  const stop = new AbortController();
  const { promise: over, resolve } = Promise.withResolvers<GuestEnd>();
  const later = (ms: number, end: GuestEnd): void =>
    void sleep(ms, undefined, { signal: stop.signal }).then(
      () => resolve(end),
      () => {},
    );
  const offConsole = guest.console.subscribe((line) => {
    if (PANIC.test(line)) later(PANIC_MS, { text: 'the kernel panicked', by: 'guest' });
  });
  const stall = watchStall(guest);
  void stall.stalled.then((news) => resolve({ ...news, by: 'host' }));
  const offEvents = guest.onEvent(({ event }) => {
    if (event === 'STOP')
      void stateOf(guest).then((state) => resolve({ text: `QEMU stopped the guest (${state})`, by: 'host' }));
  });
  void endOf(guest).then((end) => later(EXIT_MS, end));
  return {
    over,
    [Symbol.dispose]() {
      stop.abort();
      stall[Symbol.dispose]();
      offConsole();
      offEvents();
    },
  };
}

/** `internal-error` where KVM gave up, `io-error`, `paused` where somebody asked for it. */
async function stateOf(guest: Endable): Promise<string> {
  const answer = await guest.qmp('query-status').catch(() => null);
  const { status } = (answer ?? {}) as { status?: unknown };
  return typeof status === 'string' ? status : 'unknown';
}
