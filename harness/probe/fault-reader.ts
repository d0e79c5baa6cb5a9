/**
 * Finds splats in a console, line by line: where each begins, which lines are its own while CPUs talk at once, where it
 * ends. Bounded in everything; never throws. What the lines mean is found out at the end (splat.ts).
 */
import { readConsoleLine, type ConsoleLine } from './console-line.ts';
import { DETECTORS, FATAL_NEEDLES, NEEDLES, type Detector } from './detectors.ts';
import { isBottom, isTraceLine, STRAYS, TRACE_END, TRACE_START, withoutNumbers } from './frames.ts';

/** Bounds on what one console can make us keep. */
export const LIMITS = { splats: 64, lines: 400, alike: 4, lanes: 16 } as const;

/** Lines without a stack trace after which a splat is no longer waited for, and lines after the trace before its end. */
const PATIENCE = { lead: 60, lockdep: 350, tail: 40, rule: 250 } as const;

/** As much of a head as tells one fault from another. */
const HEAD_LIMIT = 120;

const CUT_HERE = /^-{4,}\[ cut here \]-{4,}$/;
const END_TRACE = /^---\[ end trace/;
const END = /^---\[ end (?:trace|Kernel panic)|^Rebooting in \d+ seconds/;
const RULE = /^={20,}$/;
const OTHER_CPU = /^NMI backtrace for cpu \d+$/;
/** What a console says when it was interrupted within a line, and when it fell behind (kernel/printk/printk.c). */
const REPLAY = /^\*\* replaying previous printk message \*\*$/;
const DROPPED = /^\*\* \d+ printk messages? dropped \*\*$/;
const BANNER = /^Linux version \d/;
const LEAK_PREFIX = /^kmemleak: (?= |unreferenced)/;

const anyOf = (needles: readonly string[]): RegExp =>
  new RegExp(needles.map((needle) => needle.replaceAll(/[[\]]/g, String.raw`\$&`)).join('|') || '(?!)', 'g');

/**
 * One cheap test for the lines that are worth a closer look: most of a console is noise. A console that floods with
 * reports is read for what ends a kernel only, and then no more: the first reports are kept, the rest costs no time.
 */
const WORTH_A_LOOK = [
  { until: 5_000, needle: anyOf(NEEDLES) },
  { until: 10_000, needle: anyOf(FATAL_NEEDLES) },
  { until: Infinity, needle: anyOf([]) },
] as const;

export interface Found {
  readonly rank: number;
  readonly match: RegExpExecArray;
}

export interface Splat {
  /** Of its first line in the console, from 1. */
  readonly number: number;
  /** How often the kernel had started before. */
  readonly boot: number;
  /** It is the kernel's first line, seen again. */
  readonly restart: boolean;
  readonly lines: string[];
  readonly lanes: Set<string>;
  found: Found | null;
  /** `none` yet, inside the stack trace, or after it. */
  trace: 'none' | 'inside' | 'after';
  /** Lines since the trace changed to what it is. */
  waited: number;
  garbled: boolean;
  /** Lines within the trace that are none of its own, and its last own one. */
  strays: number;
  bottom: string;
  /** The input ended in the middle of it. */
  cut: boolean;
  closed: boolean;
  /** The same again, not kept. */
  absorbed: boolean;
}

export interface FaultReader {
  /** A console line as it came. @param number from 1; counted where it is left out */
  line(raw: string, number?: number): void;
  /** While no splat is open: a line without a match of this global pattern changes nothing. Null while one is open. */
  readonly needle: RegExp | null;
  /** All splats in the order in which they began. */
  end(): readonly Splat[];
  /** Splats that were not kept; no more than a lower bound in a flood. */
  readonly lost: number;
}

function detect(text: string): Found | null {
  for (const [rank, detector] of DETECTORS.entries()) {
    const match = detector.line.exec(text);
    if (match !== null) return { rank, match };
  }
  return null;
}

export const detectorOf = (found: Found | null): Detector | null =>
  found === null ? null : (DETECTORS[found.rank] ?? null);

const untilOf = (splat: Splat): Detector['until'] => detectorOf(splat.found)?.until ?? 'end-trace';

export function createFaultReader(): FaultReader {
  const splats: Splat[] = [];
  const open = new Map<string, Splat>();
  const heads = new Map<string, number>();
  let [counted, boot, banners, lost] = [0, 0, 0, 0];
  /** The splat that the last line went to: a console may say that line again. */
  let last: Splat | null = null;

  const needle = (): RegExp => (WORTH_A_LOOK.find((level) => lost < level.until) ?? WORTH_A_LOOK[2]).needle;

  function close(splat: Splat): void {
    splat.closed = true;
    for (const lane of splat.lanes) if (open.get(lane) === splat) open.delete(lane);
  }

  function start(line: ConsoleLine, found: Found | null, number: number): void {
    const before = open.get(line.lane);
    if (before !== undefined) close(before);
    const head = found === null ? '' : `${found.rank} ${withoutNumbers(found.match[0].slice(0, HEAD_LIMIT))}`;
    const seen = (heads.get(head) ?? 0) + 1;
    if (heads.size < 10 * LIMITS.splats) heads.set(head, seen);
    if (splats.length >= LIMITS.splats || (found !== null && seen > LIMITS.alike)) {
      lost += 1;
      return;
    }
    const splat = newSplat(line, found, number, boot);
    splats.push(splat);
    last = splat;
    if (untilOf(splat) === 'line') splat.closed = true;
    else if (open.size < LIMITS.lanes) open.set(line.lane, splat);
  }

  /** True when the line belongs to the open splat. */
  function joins(splat: Splat, text: string, found: Found | null): boolean {
    const until = untilOf(splat);
    // A message before `cut here` is the head of what follows: list corruption and usercopy say it first.
    if (CUT_HERE.test(text)) return until === 'end-trace' && splat.trace === 'none' && splat.lines.length <= 3;
    if (found === null) return true;
    if (splat.found === null) return true;
    // Its own head may match several detectors; after the stack trace a match is news.
    return until === 'end-trace' && splat.trace === 'none' && detectorOf(found)?.joins === true;
  }

  function add(splat: Splat, line: ConsoleLine, found: Found | null): void {
    const { text } = line;
    if (found !== null && found.rank < (splat.found?.rank ?? Infinity)) splat.found = found;
    const until = untilOf(splat);
    const before = splat.trace;
    followTrace(splat, text);
    if (splat.trace === 'after' && until === 'trace' && !TRACE_END.test(text)) {
      const goesOn = detectorOf(splat.found)?.goesOn;
      // The trace of another CPU or task comes at once, or not at all.
      if (goesOn === undefined || splat.waited > 2) return close(splat);
      if (!goesOn.test(text)) {
        splat.waited += 1;
        return;
      }
      splat.trace = 'none';
    }
    splat.waited = splat.trace === before ? splat.waited + 1 : 0;
    splat.garbled ||= line.garbled;
    if (splat.lines.length < LIMITS.lines) splat.lines.push(text);
    if (END.test(text) || (until === 'rule' && RULE.test(text)) || splat.waited > patience(splat)) close(splat);
  }

  /** The report that a line sums up: `Out of memory: Killed …` belongs to the dump before it. */
  function ownerOf(found: Found): Splat | null {
    const owner = splats.at(-1);
    const detector = detectorOf(found);
    if (owner === undefined || owner.absorbed || owner.boot !== boot || detector?.until !== 'line') return null;
    if (detector.class !== 'oom' && detector.class !== 'leak') return null;
    const other = detectorOf(owner.found);
    return other?.class === detector.class && other.until !== 'line' ? owner : null;
  }

  /** The last line was cut off and comes again. */
  function sayAgain(): void {
    if (last === null || last.closed) return;
    last.lines.pop();
    last.strays = Math.max(0, last.strays - 1);
    if (last.lines.length > 0) return;
    close(last);
    splats.splice(splats.indexOf(last), 1);
  }

  function restarted(line: ConsoleLine, number: number): void {
    banners += 1;
    if (banners < 2) return;
    for (const splat of open.values()) close(splat);
    boot += 1;
    if (splats.length >= LIMITS.splats) return void (lost += 1);
    splats.push({ ...newSplat(line, null, number, boot), closed: true, restart: true });
  }

  function take(line: ConsoleLine, number: number): void {
    const text = line.text.replace(LEAK_PREFIX, '');
    if (REPLAY.test(text)) return sayAgain();
    if (DROPPED.test(text)) for (const splat of open.values()) splat.garbled = true;
    const found = detect(text);
    if (BANNER.test(text)) return restarted(line, number);
    // Another CPU's answer to a stall comes from that CPU.
    if (OTHER_CPU.test(text) && !open.has(line.lane)) {
      const asking = open.values().find((each) => detectorOf(each.found)?.goesOn !== undefined);
      asking?.lanes.add(line.lane);
      if (asking !== undefined) open.set(line.lane, asking);
    }
    const splat = open.get(line.lane);
    last = null;
    if (splat !== undefined && joins(splat, text, found)) {
      last = splat;
      return add(splat, { ...line, text }, found);
    }
    const owner = found === null ? null : ownerOf(found);
    if (owner !== null) {
      owner.lines.push(text);
      owner.absorbed = true;
      return;
    }
    if (found !== null || CUT_HERE.test(text)) return start({ ...line, text }, found, number);
    if (END_TRACE.test(text) && splats.length === 0) return start({ ...line, text, garbled: true }, null, number);
    if (splat !== undefined) close(splat);
  }

  return {
    line(raw, number) {
      counted = number ?? counted + 1;
      if (open.size === 0 && raw.search(needle()) < 0) return;
      for (const line of readConsoleLine(raw)) take(line, counted);
    },
    get needle() {
      return open.size === 0 ? needle() : null;
    },
    end() {
      for (const splat of splats) splat.cut ||= !splat.closed;
      return splats;
    },
    get lost() {
      return lost;
    },
  };
}

const newSplat = (line: ConsoleLine, found: Found | null, number: number, boot: number): Splat => ({
  number,
  boot,
  restart: false,
  lines: [line.text],
  lanes: new Set([line.lane]),
  found,
  trace: 'none',
  waited: 0,
  garbled: line.garbled,
  strays: 0,
  bottom: '',
  cut: false,
  closed: false,
  absorbed: false,
});

/** Into the stack trace, through lines of others that stand in it, and out of it. */
function followTrace(splat: Splat, text: string): void {
  if (TRACE_START.test(text)) {
    splat.trace = 'inside';
    return;
  }
  if (splat.trace !== 'inside') return;
  if (TRACE_END.test(text)) splat.trace = 'after';
  else if (isTraceLine(text)) {
    // It goes on: what stood between was somebody's.
    splat.garbled ||= splat.strays > 0;
    if (text.trim() !== '') splat.bottom = text;
  } else {
    splat.strays += 1;
    if (isBottom(splat.bottom) || END.test(text) || RULE.test(text) || splat.strays > STRAYS) splat.trace = 'after';
  }
}

function patience(splat: Splat): number {
  if (splat.trace === 'inside') return LIMITS.lines;
  const until = untilOf(splat);
  if (until === 'rule') return PATIENCE.rule;
  if (splat.trace === 'after') return PATIENCE.tail;
  return detectorOf(splat.found)?.class === 'lockdep' ? PATIENCE.lockdep : PATIENCE.lead;
}
