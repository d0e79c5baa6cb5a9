/**
 * Stack frames as the kernel prints them: `%pS` with its module and build id (lib/vsprintf.c), the RIP line of x86
 * (arch/x86/kernel/dumpstack.c), the pc line and the `(P)` marks of arm64 (arch/arm64/kernel/stacktrace.c).
 */
import type { Frame } from '../core/events.ts';

const SYMBOL = String.raw`([\w.$]+)\+0x([\da-f]{1,8})\/0x([\da-f]{1,8})(?: \[([\w-]+)(?: [\da-f]+)?\])?`;
const FRAME = new RegExp(String.raw`^ *(\? )?(?:\[<[\da-f]+>\] )?${SYMBOL}(?: \([A-Z]+\))?$`);
const POINTER = new RegExp(String.raw`^(?:RIP: 00[01]\d:|pc : )${SYMBOL}`);
const FIRST = new RegExp(SYMBOL);

/** `Call Trace:`, `Call trace:` (a serial line may double a letter), and what kmemleak writes above its own. */
export const TRACE_START = /^\s*(?:C+a+ll+ +[Tt]+r+a+c+e+:|backtrace \(crc [\da-f]+\):)/;
export const TRACE_END = /^ *<\/TASK>$/;
/** Frames, `<TASK>`, addresses without a symbol, and the registers that x86 prints where it entered the kernel. */
const TRACE_LINE =
  /^ +(?:\? )?(?:\[<[\da-f]+>\] )?[\w.$]+\+0x[\da-f]+\/0x[\da-f]+|^ *<\/?[\w#]+>$|^ +(?:\? )?(?:\[<|0x)[\da-f]+>?\]?$|^(?:RIP|RSP|R[A-D]X|RBP|RSI|R\d\d|CS|FS|CR\d|DR\d|Code|ORIG_RAX|PKRU): |^\s*$/;

/** A serial line may print a character twice, and `+0xc5/00x180` is still a frame. */
const undouble = (text: string): string => text.replaceAll(/0{2,}x/g, '0x');

export const isTraceLine = (text: string): boolean => TRACE_LINE.test(text) || FRAME.test(undouble(text));

/** Where every stack ends: entry code, a thread's first function. Nothing of this trace comes after it. */
const BOTTOM =
  /^ *(?:<\/TASK>$|(?:entry_SYSCALL|el0t_|ret_from_fork|secondary_startup|__secondary_switched|__primary_switched|x86_64_start|asm_)\S*\+)/;
export const isBottom = (text: string): boolean => BOTTOM.test(text);

/** Lines of others that may stand within a trace before it is held for finished. */
export const STRAYS = 3;

function toFrame(match: RegExpExecArray, from: number): Frame {
  return {
    function: match[from] ?? '',
    offset: Number.parseInt(match[from + 1] ?? '0', 16),
    size: Number.parseInt(match[from + 2] ?? '0', 16),
    module: match[from + 3] ?? null,
    file: null,
    line: null,
    inlined: false,
  };
}

/** The first `func+0x1/0x2 [module]` of a line. */
export function symbolIn(text: string): Frame | null {
  const match = FIRST.exec(text);
  return match === null ? null : toFrame(match, 1);
}

interface Line {
  readonly frame: Frame;
  /** Found on the stack by the unwinder, not by guessing. */
  readonly sure: boolean;
}

function frameIn(text: string): Line | null {
  const match = FRAME.exec(text) ?? FRAME.exec(undouble(text));
  if (match !== null) return { frame: toFrame(match, 2), sure: match[1] === undefined };
  const pointer = POINTER.exec(text);
  return pointer === null ? null : { frame: toFrame(pointer, 1), sure: true };
}

/** True for the RIP or pc line of exactly this place. */
export function isPointerTo(text: string, frame: Frame): boolean {
  const pointer = POINTER.exec(text);
  return pointer !== null && same(toFrame(pointer, 1), frame);
}

const same = (a: Frame | undefined, b: Frame | undefined): boolean =>
  a !== undefined && b !== undefined && a.function === b.function && a.offset === b.offset;

/**
 * The frames of a splat's own stack, innermost first: of its first trace, with the instruction pointer before it.
 * @param where `lead`: the report has no `Call Trace:` line, its frames follow the head (KMSAN, KCSAN)
 */
export function framesOf(lines: readonly string[], where: 'trace' | 'lead'): Frame[] {
  const start = lines.findIndex((line) => (where === 'trace' ? TRACE_START.test(line) : FRAME.test(line)));
  const lead = where === 'trace' ? lines.slice(0, start < 0 ? lines.length : start) : [];
  const pointer = lead
    .map((line) => (FRAME.test(line) ? null : frameIn(line)))
    .findLast((line) => line !== null)?.frame;
  const found = start < 0 ? [] : traceFrom(lines, where === 'trace' ? start + 1 : start);
  const sure = found.filter((line) => line.sure);
  const frames = (sure.length > 0 ? sure : found).map((line) => line.frame);
  return pointer === undefined || same(pointer, frames[0]) ? frames : [pointer, ...frames];
}

function traceFrom(lines: readonly string[], start: number): Line[] {
  const found: Line[] = [];
  let strays = 0;
  for (const [index, text] of lines.entries()) {
    if (index < start) continue;
    if (TRACE_END.test(text) || text.startsWith('---[')) break;
    const line = frameIn(text);
    if (line !== null) found.push(line);
    else if (text.trim() === '' && found.length > 0) break;
    else if (!isTraceLine(text) && !TRACE_START.test(text)) strays += 1;
    if (strays > STRAYS || (strays > 0 && isBottom(lines[index - 1] ?? ''))) break;
  }
  return found;
}

/** `vma_merge.isra.0` is `vma_merge` to whoever reads the source. */
export const plainName = (symbol: string): string =>
  symbol
    .replace(/\.(?:isra|constprop|part|cold|llvm|lto_priv|localalias)(?:\.\d+)?(?=\.|$)/g, '')
    .replace(/\.\d+$/, '');

/** Addresses, ids and counts differ each time. Word by word: a text of nothing but digits must cost no more than its length. */
export const withoutNumbers = (text: string): string =>
  text.replaceAll(/\w+/g, (word) => (/\d/.test(word) && /^(?:0x)?[\da-f]+$/i.test(word) ? 'N' : word));
