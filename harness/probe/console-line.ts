/**
 * One console line: what printk put in front of it, and what two writers on one serial line did to it. The kernel's
 * formats are in kernel/printk/printk.c (print_time, print_caller); journals put a date and `kernel:` before that.
 */
import { harmless } from './untrusted.ts';

/** Longest text that is kept of a line; printk itself cuts at 1 KiB. */
export const TEXT_LIMIT = 400;

export interface ConsoleLine {
  /** Without the prefix; no escape sequence or control character. */
  readonly text: string;
  /** Who wrote it: a task `T71`, a CPU `C0`, '' where printk does not say, `-` without any stamp. */
  readonly lane: string;
  /** Cut, or holding characters that no kernel prints. */
  readonly garbled: boolean;
}

// Seven digits where the serial line printed one of them twice.
const STAMP = String.raw`\[ *\d+\.\d{6,7}\](?:\[ *([TC]\d+)\])?`;
const JOURNAL = String.raw`(?:(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT[\d:.,+Z-]+) [\w.-]+ kernel: )?`;
const PREFIX = new RegExp(String.raw`^${JOURNAL}(?:<\d{1,3}>|\w+ *:\w+ *: )?${STAMP} ?`);
const JOURNAL_ONLY = new RegExp(`^${JOURNAL}`);
/** A prefix whose beginning the serial line lost. */
const CUT_PREFIX = /^[ \d]*\d\.\d{6,7}\](?:\[ *([TC]\d+)\])? /;
const INSIDE = new RegExp(`(?<=.)${STAMP} `, 'g');
const PLAIN = /^[ -~]{0,600}$/;
const STRANGE = /\ufffd/;

function readOne(raw: string, cut: boolean): ConsoleLine {
  const clean = PLAIN.test(raw) ? raw : harmless(raw, 2 * TEXT_LIMIT);
  const prefix = PREFIX.exec(clean);
  const broken = prefix === null ? CUT_PREFIX.exec(clean) : null;
  const found = prefix ?? broken;
  const length = found?.[0].length ?? JOURNAL_ONLY.exec(clean)?.[0].length ?? 0;
  const text = clean.slice(length, length + TEXT_LIMIT);
  const lane = found === null ? (length > 0 ? '' : '-') : (found[1] ?? '');
  return { text, lane, garbled: cut || broken !== null || STRANGE.test(text) };
}

/**
 * Reads a raw line. Two messages on one line (user space wrote without a newline, a CPU broke in) come as two lines.
 */
export function readConsoleLine(raw: string): ConsoleLine[] {
  const line = raw.slice(0, 4 * TEXT_LIMIT).replace(/\r+$/, '');
  // Most lines have one stamp, at their beginning.
  if (!line.includes('[', 1)) return [readOne(line, false)];
  const cuts = [...line.matchAll(INSIDE)].map((match) => match.index).filter((at) => !isPrefixStart(line, at));
  if (cuts.length === 0) return [readOne(line, false)];
  return [0, ...cuts].map((from, n) => readOne(line.slice(from, cuts[n]), true));
}

/** `<4>[ 1.000000] ` and `… kernel: [ 1.000000] `: the stamp is not the first thing on such a line. */
function isPrefixStart(line: string, at: number): boolean {
  const prefix = PREFIX.exec(line);
  return prefix !== null && at < prefix[0].length;
}

/** The line without what printk put in front, escape sequences and control characters gone. */
export const stripPrintkPrefix = (raw: string): string =>
  readOne(raw.slice(0, 4 * TEXT_LIMIT).replace(/\r+$/, ''), false).text;
