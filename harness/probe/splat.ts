/** From a splat's lines to a fault: its class, title, guilty function, and whether it is whole. */
import { createHash } from 'node:crypto';
import type { Fault } from '../core/events.ts';
import { CONSEQUENT_PANIC } from './detectors.ts';
import type { FaultClass } from './fault-classes.ts';
import { createFaultReader, detectorOf, type Splat } from './fault-reader.ts';
import { framesOf, isBottom, plainName, symbolIn, TRACE_START, withoutNumbers } from './frames.ts';
import { guiltyIndex, isInnocent } from './guilty.ts';
import { TAINT_FLAGS } from './taint.ts';
import { harmless } from './untrusted.ts';

/** A fault as this reader makes it: nothing is left open. */
export type WholeFault = { [Key in keyof Fault]-?: Exclude<Fault[Key], undefined> };
export type SplatFault = WholeFault & { readonly class: FaultClass; readonly line: number };

const CPU_LINE =
  /^CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (.{1,20}?) (?:Kdump: loaded )?(Not tainted|Tainted: .{1,40})/;
/** Where a report names its task or CPU in its own words, for reports without a `CPU:` line. */
const TASKS: readonly RegExp[] = [
  /, CPU#(?<cpu>\d+): (?<task>\S.*\/\d+)$/,
  /^BUG: soft lockup - CPU#(?<cpu>\d+) stuck for \S+ \[(?<comm>.+):(?<pid>\d+)\]/,
  /^watchdog: BUG: soft lockup - CPU#(?<cpu>\d+) stuck for \S+ \[(?<comm>.+):(?<pid>\d+)\]/,
  /detected hard LOCKUP on cpu (?<cpu>\d+)/,
  /^INFO: task (?<comm>.+):(?<pid>\d+) blocked /,
  /^BUG: scheduling .+?: (?<task>\S.*\/\d+)\/(?:0x)?[\da-f]+$/,
  /, pid: (?<pid>\d+), name: (?<comm>.+)$/,
  /^(?:Read|Write|Free) (?:of |at ).* by task (?<task>\S.*\/\d+)$/,
  /^(?<task>\S.*\/\d+) (?:\[[^\]]*\] )?(?:is trying to|just changed|takes:|is freeing)/,
  /of \d+ bytes by (?:task (?<pid>\d+)|interrupt) on cpu (?<cpu>\d+):$/,
  /^BUG: Bad rss-counter state .* Comm:(?<comm>.+) Pid:(?<pid>\d+)$/,
  /^ {2}comm "(?<comm>.*)", pid (?<pid>\d+)/,
  /(?:out|Out) of memory(?: \([^)]*\))?: Killed process (?<pid>\d+) \((?<comm>[^)]*)\)/,
];

interface Place {
  readonly cpu: number | null;
  readonly task: string | null;
  /** The kernel had broken before; null where the report does not say. */
  readonly tainted: boolean | null;
}

const BROKEN = new RegExp(
  `[${TAINT_FLAGS.filter((flag) => flag.role === 'fault')
    .map((flag) => flag.letter)
    .join('')}]`,
);

function placeOf(lines: readonly string[]): Place {
  let cpu: number | null = null;
  let task: string | null = null;
  let tainted: boolean | null = null;
  for (const line of lines) {
    const own = CPU_LINE.exec(line);
    if (own !== null) {
      cpu ??= Number(own[1]);
      task ??= `${own[3]}/${own[2]}`;
      tainted ??= own[4] === 'Not tainted' ? false : BROKEN.test((own[4] ?? '').replace(/^Tainted: /, '').slice(0, 24));
    }
    for (const pattern of TASKS) {
      const { cpu: at, task: whole, comm, pid } = pattern.exec(line)?.groups ?? {};
      if (at !== undefined) cpu ??= Number(at);
      const named = whole ?? (pid === undefined ? undefined : comm === undefined ? pid : `${comm}/${pid}`);
      if (named !== undefined) task ??= named;
    }
    if (cpu !== null && task !== null && tainted !== null) break;
  }
  return { cpu, task, tainted };
}

/** Class, kind and guilty function: what stays the same in another build. Numbers in a title are addresses or ids. */
export function fingerprint(kind: FaultClass, title: string, at: string): string {
  const name = at === '' ? '' : plainName(at);
  const bare = withoutNumbers(title.replaceAll(name === '' ? '\0' : name, ''));
  return createHash('sha256').update([kind, bare, name].join('\0')).digest('hex').slice(0, 16);
}

interface Read {
  readonly fault: SplatFault;
  readonly boot: number;
  readonly tainted: boolean | null;
}

function toFault(splat: Splat): Read | null {
  if (splat.restart) return plain(splat, 'reboot', 'the kernel started again');
  const detector = detectorOf(splat.found);
  if (detector === null) return plain(splat, 'other', 'a cut off splat');
  const frames = framesOf(splat.lines, detector.frames ?? 'trace');
  if (detector.stack === 'must' && !hasOwnStack(splat.lines)) return null;
  // Without a trace, what came after the head is somebody else's.
  const lines = detector.until === 'trace' && frames.length === 0 ? splat.lines.slice(0, 8) : splat.lines;
  const inHead = detector.until === 'line' ? null : symbolIn(splat.found?.match[0] ?? '');
  const guilty = frames[guiltyIndex(frames, detector.class)];
  const own =
    inHead !== null && (guilty === undefined || !isInnocent(inHead.function, detector.class)) ? inHead : guilty;
  const at = own === undefined ? '' : plainName(own.function);
  const find = (pattern: RegExp): RegExpExecArray | null => {
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    return null;
  };
  const title = detector.title({ group: (index) => splat.found?.match[index] ?? '', at, find });
  const { tainted, ...place } = placeOf(lines);
  const fault = {
    class: detector.class,
    title,
    lines,
    line: splat.number,
    function: at === '' ? null : at,
    ...place,
    frames,
    corrupted: isCorrupted(splat, frames.length),
    panicked: false,
    fingerprint: fingerprint(detector.class, title, at),
  };
  return { fault, boot: splat.boot, tainted };
}

/** dump_stack() says at once on which CPU it is; other stacks near by are somebody's answer to a key. */
const hasOwnStack = (lines: readonly string[]): boolean => lines.slice(0, 8).some((line) => CPU_LINE.test(line));

/** A splat without a head, and the kernel's first line seen again: there is nothing to go by but a stack. */
function plain(splat: Splat, kind: FaultClass, words: string): Read {
  const frames = framesOf(splat.lines, 'trace');
  const guilty = frames[guiltyIndex(frames, kind)];
  const at = guilty === undefined ? '' : plainName(guilty.function);
  const title = at === '' ? words : `${words} in ${at}`;
  const { tainted, ...place } = placeOf(splat.lines);
  const fault = {
    class: kind,
    title,
    lines: splat.lines,
    line: splat.number,
    function: at === '' ? null : at,
    ...place,
    frames,
    corrupted: kind === 'other' || splat.garbled,
    panicked: false,
    fingerprint: fingerprint(kind, title, at),
  };
  return { fault, boot: splat.boot, tainted };
}

function isCorrupted(splat: Splat, frames: number): boolean {
  if (splat.garbled) return true;
  const detector = detectorOf(splat.found);
  if (detector === null) return true;
  if (detector.until !== 'line' && detector.stack === undefined && frames === 0) return true;
  // The end of the input is no harm after the bottom of a stack.
  return splat.cut && splat.trace !== 'after' && frames > 0 && !hasBottom(splat.lines);
}

function hasBottom(lines: readonly string[]): boolean {
  const start = lines.findIndex((line) => TRACE_START.test(line));
  return start < 0 || lines.slice(start).some((line) => isBottom(line));
}

/**
 * Causes first: within one boot, a report of a kernel that had not broken before goes ahead of one that had. What does
 * not say keeps its place behind what it followed.
 */
function causesFirst(reads: readonly Read[]): Read[] {
  let behind = 0;
  let boot = -1;
  const keyed = reads.map((read) => {
    if (read.boot !== boot) [boot, behind] = [read.boot, 0];
    if (read.tainted !== null) behind = read.tainted ? 1 : 0;
    return { read, key: 2 * read.boot + behind };
  });
  return keyed.toSorted((a, b) => a.key - b.key).map(({ read }) => read);
}

function markPanics(reads: readonly Read[]): void {
  for (const [index, { fault, boot }] of reads.entries()) {
    if (!fault.lines.some((line) => line.startsWith('Kernel panic - not syncing'))) continue;
    fault.panicked = true;
    if (!CONSEQUENT_PANIC.test(fault.title)) continue;
    const cause = reads.slice(0, index).findLast((read) => read.boot === boot && read.fault.class !== 'reboot');
    if (cause !== undefined) cause.fault.panicked = true;
  }
}

/** The last words that are kept of a kernel that went without a report. */
const LAST_WORDS = 10;

/** A kernel that ended its machine without a report: QEMU knows, the console does not. @param title how it ended */
export function endFault(title: string, consoleLines: readonly string[]): WholeFault {
  return {
    class: 'reboot',
    title,
    lines: consoleLines.slice(-LAST_WORDS).map((line) => harmless(line)),
    function: null,
    cpu: null,
    task: null,
    frames: [],
    corrupted: false,
    panicked: false,
    fingerprint: fingerprint('reboot', title, ''),
  };
}

/** Turns splats into faults, causes first. */
export function toFaults(splats: readonly Splat[]): SplatFault[] {
  const reads = splats.map(toFault).filter((read) => read !== null);
  const ordered = causesFirst(reads);
  markPanics(ordered);
  return ordered.map((read) => read.fault);
}

/** Finds every fault in console lines, causes first. Never throws; bounded in number and length. */
export function findSplats(consoleLines: Iterable<string>): WholeFault[] {
  const reader = createFaultReader();
  for (const line of consoleLines) reader.line(line);
  // Which line of a slice it was tells nobody anything.
  return toFaults(reader.end()).map(({ line: _line, ...fault }) => fault);
}
