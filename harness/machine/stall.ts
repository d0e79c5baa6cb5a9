/**
 * Tells that a guest stood still, or may have: its QEMU was stopped, or we were (Ctrl+Z stops both, a suspended laptop all
 * there is). Its clock went on meanwhile, so its kernel finds processors and tasks that did not run for that long, and says
 * so. That is nobody's fault but ours. Where we alone were away, QEMU has used processor time meanwhile, and nothing is lost.
 */
import { readFileSync } from 'node:fs';
import type { ConsoleLines } from './console.ts';

const TICK_MS = 1000;
/**
 * We run again after so long. The quickest of a kernel's watchdogs, that of soft lockups, allows 20 s; a host that gives us
 * nothing to run with for so long gives its guests nothing either.
 */
const GAP_MS = 15_000;
/** QEMU is found stopped so often in a row; a tracer stops it for a moment only. */
const LOOKS = 2;
/**
 * Processor time in a second of a QEMU that runs, at least. An idle guest that is emulated takes a tenth of a second; one
 * that was let go together with us has had a moment before we look.
 */
const RUNNING_SHARE = 0.01;
/** That moment may deceive. A guest that stood still after all says so soon: no watchdog takes longer to look. */
const DOUBT_MS = 60_000;
/** What a kernel says of time in which something should have run. */
const STOOD_STILL =
  /soft lockup|hard LOCKUP|workqueue lockup|detected (?:expedited )?stalls|self-detected stall|blocked for more than/;

export interface Stall {
  /** A sentence without a full stop. */
  readonly text: string;
  /** Only so many lines of its console count: those before it stood still. */
  readonly lines: number;
}

interface StallWatch extends Disposable {
  /** Settles at most once, never rejects. */
  readonly stalled: Promise<Stall>;
}

interface Watched {
  /** Of QEMU; undefined where there is none. */
  readonly pid: number | undefined;
  readonly console: ConsoleLines;
}

export function watchStall(
  { pid, console }: Watched,
  { tickMs = TICK_MS, gapMs = GAP_MS }: { readonly tickMs?: number; readonly gapMs?: number } = {},
): StallWatch {
  const { promise: stalled, resolve } = Promise.withResolvers<Stall>();
  let last = performance.now();
  let cpuMs = lookAt(pid)?.cpuMs ?? 0;
  let stopped = 0;
  let lines = console.total;
  let doubt: { readonly text: string; readonly endMs: number } | null = null;
  const judge = (line: string): void => {
    if (doubt !== null && STOOD_STILL.test(line)) resolve({ text: doubt.text, lines });
  };
  const timer = setInterval(() => {
    const now = performance.now();
    const gap = now - last - tickMs;
    last = now;
    const look = lookAt(pid);
    const usedMs = look === null ? 0 : look.cpuMs - cpuMs;
    cpuMs += usedMs;
    stopped = look?.isStopped === true ? stopped + 1 : 0;
    if (gap > gapMs) {
      const text = `mmapvet stood still for ${Math.round(gap / 1000)} s, and its guests with it, perhaps`;
      if (usedMs < gap * RUNNING_SHARE) resolve({ text, lines });
      doubt = { text, endMs: now + DOUBT_MS };
      console.linesAfter(lines).forEach(judge);
    } else if (stopped >= LOOKS) {
      resolve({ text: 'QEMU was stopped (SIGSTOP)', lines });
    }
    if (doubt !== null && now > doubt.endMs) doubt = null;
    if (doubt === null && stopped === 0) lines = console.total;
  }, tickMs);
  timer.unref();
  const unsubscribe = console.subscribe(judge);
  return {
    stalled,
    [Symbol.dispose]() {
      clearInterval(timer);
      unsubscribe();
    },
  };
}

interface Look {
  readonly isStopped: boolean;
  /** Of all its threads, since it began. */
  readonly cpuMs: number;
}

/** Of user space's clock, on every architecture. */
const CLOCK_TICK_MS = 10;

/** proc(5): the state follows the name, which may hold blanks and parentheses; utime and stime are fields 14 and 15. */
function lookAt(pid: number | undefined): Look | null {
  if (pid === undefined) return null;
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { isStopped: fields[0] === 'T', cpuMs: (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS };
  } catch {
    return null;
  }
}
