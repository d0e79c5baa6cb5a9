/**
 * Text that a guest wrote: it may hold anything, and it ends in terminals, XML and files. Everything that leaves this
 * folder went through `harmless`.
 */
import { printable } from '../core/screen.ts';

/** Longest line that is kept, in UTF-16 units: a splat's or a probe's own lines stay far below. */
export const LINE_LIMIT = 2000;

// Bidirectional overrides and line separators can reorder or break up a line on a terminal and in a web page.
const REORDERING = /[\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text of several lines, none of which can do harm. */
export function harmlessText(text: string): string {
  return printable(text).replaceAll(REORDERING, '\ufffd').toWellFormed();
}

/** One line, no escape sequence, no control character, at most `limit` UTF-16 units (cut lines end in `…`). */
export function harmless(text: string, limit = LINE_LIMIT): string {
  // Cut first: an escape sequence of a megabyte must not be searched through.
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return harmlessText(cut).replaceAll(/[\t\n]/g, ' ');
}

/** A list that stops growing: what did not fit is counted, so that it can be said. */
export interface Bounded<T> {
  readonly items: T[];
  lost: number;
}

export function pushBounded<T>(list: Bounded<T>, limit: number, item: T): void {
  if (list.items.length < limit) list.items.push(item);
  else list.lost += 1;
}
