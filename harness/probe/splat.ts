/**
 * Finds the kernel's complaints in console lines. The detectors are data (detectors.ts); here is only where a splat
 * begins and ends.
 */
import type { Fault } from '../core/events.ts';
import { DETECTORS, type Detector } from './detectors.ts';
import { harmless } from './untrusted.ts';

/** Bounds on what one console can make us keep. */
const LIMITS = { faults: 64, lines: 400, line: 400 } as const;

// `[    3.141592] `, `[    3.141592][   T71] `, `<4>[ …] `; the console may end its lines with a carriage return.
const PREFIX = /^(?:<\d{1,3}>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?/;
// One cheap test for the lines that are worth a closer look: most of a console is noise.
const WORTH_A_LOOK =
  /cut here|WARNING: |BUG|Oops|[Uu]nable to handle|general protection|Internal error|SAN: |KFENCE|refcount_t:|list_(?:add|del) |usercopy:|INFO: |LOCKUP|Kernel panic|ut of memory|kmemleak:|Insufficient stack/;
const CUT_HERE = /^-{4,}\[ cut here \]-{4,}$/;
// KASAN closes with a line of `=`; lockdep's own comes before its first line.
const END = /^---\[ end (?:trace|Kernel panic)|^={20,}$/;
const TRACE_START = /^\s*Call [Tt]race:/;
// A frame, `<TASK>`, or what arm64 and lockdep print between them.
const TRACE_LINE = /^\s*(?:\? )?[\w.$]+\+0x[\da-f]+\/0x[\da-f]+|^\s*<\/?\w+>$|^\s*\[<|^\s*0x[\da-f]+$/;
const POINTER = /^(?:RIP: 00\d\d:|pc : )([\w.$]+)\+0x[\da-f]+/;

/** The line without what printk put in front, escape sequences and control characters gone. */
export function stripPrintkPrefix(line: string): string {
  return harmless(line.slice(0, 2 * LIMITS.line).replace(/\r+$/, ''), LIMITS.line).replace(PREFIX, '');
}

interface Splat {
  readonly lines: string[];
  found: { readonly rank: number; readonly match: RegExpExecArray } | null;
  /** `none`, inside the stack trace, or after it. */
  trace: 'none' | 'inside' | 'after';
}

function detect(text: string): Splat['found'] {
  if (!WORTH_A_LOOK.test(text)) return null;
  for (const [rank, detector] of DETECTORS.entries()) {
    const match = detector.line.exec(text);
    if (match !== null) return { rank, match };
  }
  return null;
}

const detectorOf = (splat: Splat): Detector | undefined => DETECTORS[splat.found?.rank ?? -1];

function toFault(splat: Splat): Fault {
  const detector = detectorOf(splat);
  const find = (pattern: RegExp): RegExpExecArray | null => {
    for (const line of splat.lines) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    return null;
  };
  const title = detector?.title({
    group: (index) => splat.found?.match[index] ?? '',
    at: find(POINTER)?.[1] ?? '',
    find,
  });
  return { class: detector?.class ?? 'other', title: title ?? 'a cut off splat', lines: splat.lines };
}

/** Finds every splat in console lines, in the order in which they began. Never throws; bounded in number and length. */
export function findSplats(consoleLines: Iterable<string>): Fault[] {
  const faults: Fault[] = [];
  let splat: Splat | null = null;

  function finish(): void {
    if (splat !== null && faults.length < LIMITS.faults) faults.push(toFault(splat));
    splat = null;
  }

  function start(text: string, found: Splat['found']): void {
    finish();
    splat = { lines: [text], found, trace: 'none' };
    if (detectorOf(splat)?.until === 'line') finish();
  }

  /** True when the line belongs to the open splat. */
  function joins(open: Splat, text: string, found: Splat['found']): boolean {
    if (CUT_HERE.test(text)) return false;
    // Its own head may match several detectors; after the stack trace a match is news.
    if (found !== null && open.trace !== 'none') return false;
    if (found !== null && detectorOf(open)?.until === 'trace') return false;
    return !(open.trace === 'after' && detectorOf(open)?.until === 'trace');
  }

  function add(open: Splat, text: string, found: Splat['found']): void {
    if (found !== null && found.rank < (open.found?.rank ?? Infinity)) open.found = found;
    if (TRACE_START.test(text)) open.trace = 'inside';
    else if (open.trace === 'inside' && !TRACE_LINE.test(text)) open.trace = 'after';
    if (open.trace === 'after' && detectorOf(open)?.until === 'trace') return finish();
    if (open.lines.length < LIMITS.lines) open.lines.push(text);
    else finish();
    if (END.test(text)) finish();
  }

  for (const line of consoleLines) {
    if (splat === null && !WORTH_A_LOOK.test(line)) continue;
    const text = stripPrintkPrefix(line);
    const found = detect(text);
    if (splat !== null && joins(splat, text, found)) add(splat, text, found);
    else if (found !== null || CUT_HERE.test(text)) start(text, found);
    else finish();
  }
  finish();
  return faults;
}

export interface ConsoleSlices {
  /** The lines between `mmapvet: begin CELL` and `mmapvet: end CELL`, both left out. */
  readonly cells: ReadonlyMap<string, readonly string[]>;
  /** Booting, loading and unloading the driver, between two cells. */
  readonly outside: readonly string[];
  /** The cell that began and did not end. */
  readonly open: string | null;
}

// A serial console may print a character twice (seen with two processors): so the marks are looked for with all
// repetitions collapsed, in the line as in the name.
const MARK = /mapvet: (begin|end) ([A-O]\d{1,2}\.(?:direct|W[1-5]))\s*$/;
const CELL_IDS = /^[A-O]\d{2}\./;

const collapse = (text: string): string => text.replaceAll(/(.)\1+/g, '$1');

/** `A1.direct` is what a collapsed `A11.direct` reads; no clause has one digit. */
const expand = (cell: string): string => (CELL_IDS.test(cell) ? cell : cell.replace(/^(.)(\d)/, '$1$2$2'));

/** Sorts console lines by the cell during which they came. A cell that ran several times gets all its lines. */
export function sliceByCell(consoleLines: Iterable<string>): ConsoleSlices {
  const cells = new Map<string, string[]>();
  const outside: string[] = [];
  let open: string | null = null;
  for (const line of consoleLines) {
    const mark = line.includes('pvet') ? MARK.exec(collapse(line)) : null;
    if (mark === null) {
      (open === null ? outside : (cells.get(open) ?? outside)).push(line);
      continue;
    }
    const cell = expand(mark[2] ?? '');
    if (mark[1] === 'end') open = open === cell ? null : open;
    else {
      open = cell;
      if (!cells.has(cell)) cells.set(cell, []);
    }
  }
  return { cells, outside, open };
}
