/** Why a patch does not fit, from the patch and the files that it was for: found here, not read off patch(1). All pure. */
import type { Diff, FileDiff, Hunk } from './diff.ts';

export type Why =
  /** What the hunk would make is there. */
  | { readonly kind: 'applied' }
  /** It fits when so many lines of context may differ. */
  | { readonly kind: 'fuzz'; readonly fuzz: number }
  | { readonly kind: 'space' }
  | { readonly kind: 'differs' };

export type Rejection =
  /** Not one of its files is there. */
  | { readonly kind: 'another-tree'; readonly path: string }
  | { readonly kind: 'missing' | 'exists'; readonly path: string }
  | {
      readonly kind: 'hunk';
      readonly path: string;
      readonly hunk: Hunk;
      /** From 1, in its file. */
      readonly number: number;
      readonly why: Why;
      /** What stands where the hunk fits best, and the first of these lines. */
      readonly there: readonly string[];
      readonly thereStart: number;
    };

/** patch(1) never tolerates more context lines than a hunk has at either end; it has three. */
const MOST_FUZZ = 3;

/**
 * The first reason, in the order of the diff; null where none is found.
 * @param files contents before the patch, null for what is not there; byte strings
 */
export function explain(diff: Diff, files: ReadonlyMap<string, string | null>, fuzz: number): Rejection | null {
  const there = (path: string | null): string | null => (path === null ? null : (files.get(path) ?? null));
  const [first] = diff.files;
  if (
    first !== undefined &&
    diff.files.every((file) => !isNew(file) && there(file.oldPath) === null && there(file.newPath) === null)
  )
    return { kind: 'another-tree', path: first.newPath ?? first.oldPath ?? '' };
  for (const file of diff.files) {
    const path = file.newPath ?? file.oldPath ?? '';
    if (isNew(file)) {
      if (there(path) !== null) return { kind: 'exists', path };
      continue;
    }
    const text = there(file.oldPath) ?? there(path);
    if (text === null) return { kind: 'missing', path };
    const found = firstMisfit(file, linesOf(text), fuzz);
    if (found !== null) return { kind: 'hunk', path, ...found };
  }
  return null;
}

const isNew = (file: FileDiff): boolean =>
  file.oldPath === null ||
  (file.hunks.length === 1 && file.hunks[0]!.oldStart === 0 && oldSide(file.hunks[0]!).length === 0);

const linesOf = (text: string): string[] => (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
const side = (hunk: Hunk, without: string): string[] =>
  hunk.lines.filter((line) => line[0] !== without).map((line) => line.slice(1));
const oldSide = (hunk: Hunk): string[] => side(hunk, '+');
const newSide = (hunk: Hunk): string[] => side(hunk, '-');

type Misfit = Omit<Extract<Rejection, { kind: 'hunk' }>, 'kind' | 'path'>;

function firstMisfit(file: FileDiff, lines: readonly string[], fuzz: number): Misfit | null {
  for (const [index, hunk] of file.hunks.entries()) {
    const why = whyNot(hunk, lines, fuzz);
    if (why === null) continue;
    const { start, length } = bestPlace(oldSide(hunk), lines, hunk.oldStart - 1);
    return { hunk, number: index + 1, why, there: lines.slice(start, start + length), thereStart: start + 1 };
  }
  return null;
}

function whyNot(hunk: Hunk, lines: readonly string[], fuzz: number): Why | null {
  if (fits(hunk, lines, fuzz)) return null;
  const after = newSide(hunk);
  // A hunk that only deletes leaves nothing to know it by but its context.
  const adds = hunk.lines.some((line) => line.startsWith('+'));
  if ((adds || after.length >= 4) && contains(lines, after)) return { kind: 'applied' };
  const bare = (line: string): string => line.replaceAll(/\s+/g, '');
  if (contains(lines.map(bare), oldSide(hunk).map(bare))) return { kind: 'space' };
  for (let more = fuzz + 1; more <= MOST_FUZZ; more += 1)
    if (fits(hunk, lines, more)) return { kind: 'fuzz', fuzz: more };
  return { kind: 'differs' };
}

/** As patch(1) counts: up to `fuzz` lines of context may be left off at either end. */
function fits(hunk: Hunk, lines: readonly string[], fuzz: number): boolean {
  const old = oldSide(hunk);
  const isContext = (line: string | undefined): boolean => line?.startsWith(' ') === true;
  let head = 0;
  while (isContext(hunk.lines[head])) head += 1;
  let tail = 0;
  while (isContext(hunk.lines.at(-1 - tail))) tail += 1;
  const most = Math.max(head, tail);
  const cut = (context: number): number => Math.min(context, Math.max(0, fuzz + context - most));
  return contains(lines, old.slice(cut(head), old.length - cut(tail)));
}

function contains(lines: readonly string[], wanted: readonly string[]): boolean {
  for (let start = 0; start + wanted.length <= lines.length; start += 1)
    if (wanted.every((line, index) => lines[start + index] === line)) return true;
  return false;
}

/** Where most of the lines stand in order; of equally good places the one nearest to `expected`. */
function bestPlace(
  wanted: readonly string[],
  lines: readonly string[],
  expected: number,
): { start: number; length: number } {
  const length = wanted.length + 2;
  const telling = new Set(wanted.filter((line) => line.trim().length > 3));
  let best = { start: Math.max(0, Math.min(expected, lines.length - length)), score: 0 };
  for (let start = 0; start < lines.length; start += 1) {
    let score = 0;
    for (let index = 0; index < length; index += 1) {
      const line = lines[start + index] ?? '';
      // A line in its very place says more than one somewhere near.
      if (telling.has(line)) score += line === wanted[index] ? 3 : 2;
    }
    const nearer = Math.abs(start - expected) < Math.abs(best.start - expected);
    if (score > best.score || (score === best.score && score > 0 && nearer)) best = { start, score };
  }
  return { start: best.start, length };
}

const WIDTH = 56;

/** What the patch expects on the left, what the file has on the right; `≠` between lines that differ. */
export function sideBySide(rejection: Extract<Rejection, { kind: 'hunk' }>): string[] {
  const { hunk, there, thereStart, path } = rejection;
  const expected = hunk.lines.filter((line) => !line.startsWith('+'));
  const rows = align(
    expected.map((line) => line.slice(1)),
    there,
  );
  const cell = (text: string): string => {
    const wide = readable(text);
    return (wide.length > WIDTH ? `${wide.slice(0, WIDTH - 1)}…` : wide).padEnd(WIDTH);
  };
  const head = `${cell(`line ${hunk.line} of the patch expects`)}   ${path} has, from line ${thereStart}`;
  const body = rows.map(([left, right]) => {
    const mark = left !== null && right !== null && expected[left]!.slice(1) === there[right] ? ' ' : '≠';
    return `${cell(left === null ? '' : expected[left]!)} ${mark} ${right === null ? '' : cell(there[right]!)}`.trimEnd();
  });
  const added = hunk.lines.filter((line) => line.startsWith('+')).map((line) => readable(line));
  return [head, ...body, ...(added.length === 0 ? [] : ['and would add', ...added])];
}

const readable = (bytes: string): string =>
  Buffer.from(bytes, 'latin1')
    .toString('utf8')
    .replaceAll('\r', '␍')
    .replaceAll('\t', '    ')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '·');

type Row = readonly [left: number | null, right: number | null];

/** Pairs equal lines in order (longest common subsequence), and what lies between them line by line. */
function align(left: readonly string[], right: readonly string[]): Row[] {
  const longest = Array.from({ length: left.length + 1 }, () => Array.from({ length: right.length + 1 }, () => 0));
  for (let a = left.length - 1; a >= 0; a -= 1)
    for (let b = right.length - 1; b >= 0; b -= 1)
      longest[a]![b] =
        left[a] === right[b] ? longest[a + 1]![b + 1]! + 1 : Math.max(longest[a + 1]![b]!, longest[a]![b + 1]!);
  const rows: Row[] = [];
  let lefts: number[] = [];
  let rights: number[] = [];
  const flush = (): void => {
    for (let index = 0; index < Math.max(lefts.length, rights.length); index += 1)
      rows.push([lefts[index] ?? null, rights[index] ?? null]);
    lefts = [];
    rights = [];
  };
  let a = 0;
  let b = 0;
  while (a < left.length && b < right.length) {
    if (left[a] === right[b]) {
      flush();
      rows.push([a, b]);
      a += 1;
      b += 1;
    } else if (longest[a + 1]![b]! >= longest[a]![b + 1]!) {
      lefts.push(a);
      a += 1;
    } else {
      rights.push(b);
      b += 1;
    }
  }
  for (; a < left.length; a += 1) lefts.push(a);
  // Of what stands after the last line that the patch knows only as much as there is to compare.
  for (; b < right.length && rights.length < lefts.length; b += 1) rights.push(b);
  flush();
  return rows;
}
