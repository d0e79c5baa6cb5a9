/**
 * A streaming reader of KTAP version 1 (the kernel's Documentation/dev-tools/ktap.rst), which also takes TAP 13 and 14.
 * It never throws and keeps one line and one stack of blocks, whatever comes: the text is a guest's.
 */

/** `other`: something stood after the `#` that is no directive; the standard says that plain ok / not ok then counts. */
export type DirectiveKind = 'SKIP' | 'TODO' | 'XFAIL' | 'TIMEOUT' | 'ERROR' | 'other';

export interface Directive {
  readonly kind: DirectiveKind;
  readonly text: string;
}

export type KtapProblem =
  'no-version' | 'numbering' | 'no-plan' | 'short-plan' | 'long-plan' | 'second-plan' | 'long-line' | 'cut-line';

/** `depth` counts blocks: 0 is the outermost one. */
export type KtapItem =
  | { readonly kind: 'version'; readonly depth: number; readonly text: string }
  | { readonly kind: 'plan'; readonly depth: number; readonly count: number; readonly directive: Directive | null }
  | { readonly kind: 'diagnostic'; readonly depth: number; readonly text: string }
  | {
      readonly kind: 'result';
      readonly depth: number;
      readonly ok: boolean;
      readonly number: number;
      readonly description: string;
      readonly directive: Directive | null;
    }
  | { readonly kind: 'bail-out'; readonly depth: number; readonly text: string }
  | { readonly kind: 'unknown'; readonly depth: number; readonly text: string }
  /** The stream breaks the standard; what could be read was still delivered. `text` is a sentence without a full stop. */
  | { readonly kind: 'problem'; readonly depth: number; readonly problem: KtapProblem; readonly text: string };

export interface KtapParser {
  /** Takes any piece of the stream, cut anywhere, also inside a character. */
  push(chunk: string | Uint8Array): void;
  /** The stream is over: what is missing is noted. Further pushes are ignored. */
  end(): void;
}

interface Block {
  readonly indent: number;
  versioned: boolean;
  plan: number | null;
  seen: number;
  next: number;
}

/** Longest line that is kept, in UTF-16 units; the rest of it is dropped and noted. */
export const KTAP_LINE_LIMIT = 16 * 1024;
/** Blocks deeper than this are not opened: their lines are unknown lines. */
const DEPTH_LIMIT = 16;

const VERSION = /^(?:KTAP version 1|TAP version 1[34])$/;
const PLAN = /^1\.\.(\d{1,9})(?:\s+#\s*(.*))?$/;
const RESULT = /^(ok|not ok)\s+(\d{1,9})(?:\s+(.*))?$/;
const DIRECTIVE = /^(SKIP|TODO|XFAIL|TIMEOUT|ERROR)\b:?\s*(.*)$/i;
const BAIL_OUT = /^Bail out!\s*(.*)$/i;

/** Starts a reader that hands each item to `onItem` as soon as its line is complete. */
export function createKtapParser(onItem: (item: KtapItem) => void): KtapParser {
  const decoder = new TextDecoder();
  const blocks: Block[] = [];
  let line = '';
  let dropped = false;
  let ended = false;

  const depth = () => Math.max(0, blocks.length - 1);
  const problem = (kind: KtapProblem, text: string) => onItem({ kind: 'problem', depth: depth(), problem: kind, text });

  function closeBlock(): void {
    const block = blocks.at(-1);
    if (block === undefined) return;
    if (block.plan === null) {
      if (block.seen > 0) problem('no-plan', `${block.seen} results without a plan`);
    } else if (block.seen < block.plan) problem('short-plan', `${block.seen} of ${block.plan} planned results`);
    else if (block.seen > block.plan) problem('long-plan', `${block.seen} results, but ${block.plan} planned`);
    blocks.pop();
  }

  function closeDeeperThan(indent: number): void {
    while ((blocks.at(-1)?.indent ?? -1) > indent) closeBlock();
  }

  function openBlock(indent: number, versioned: boolean): Block {
    const block: Block = { indent, versioned, plan: null, seen: 0, next: 1 };
    blocks.push(block);
    return block;
  }

  /** The block that a plan or result with this indentation belongs to; null where there is none. */
  function blockAt(indent: number): Block | null {
    if (!blocks.some((block) => block.indent === indent)) {
      // Only the outermost block may lack its version line; anything else indented is somebody's log.
      if (blocks.length > 0 || indent > 0) return null;
      openBlock(0, false);
      problem('no-version', 'no version line before the first result');
    }
    closeDeeperThan(indent);
    return blocks.at(-1) ?? null;
  }

  function takeVersion(indent: number, text: string): boolean {
    const reopens = blocks.some((block) => block.indent >= indent);
    if (!reopens && blocks.length >= DEPTH_LIMIT) return false;
    closeDeeperThan(indent);
    // The same indentation again: another document follows the first one.
    if (blocks.at(-1)?.indent === indent) closeBlock();
    openBlock(indent, true);
    onItem({ kind: 'version', depth: depth(), text });
    return true;
  }

  function takePlan(indent: number, count: number, rest: string | undefined): boolean {
    const block = blockAt(indent);
    if (block === null) return false;
    if (block.plan !== null) problem('second-plan', `a second plan 1..${count} after 1..${block.plan}`);
    else {
      block.plan = count;
      onItem({ kind: 'plan', depth: depth(), count, directive: rest === undefined ? null : parseDirective(rest) });
    }
    return true;
  }

  function takeResult(indent: number, ok: boolean, number: number, rest: string): boolean {
    const block = blockAt(indent);
    if (block === null) return false;
    if (number !== block.next) problem('numbering', `result ${number} where ${block.next} was due`);
    block.next = number + 1;
    block.seen += 1;
    const hash = rest.indexOf('#');
    const description = (hash < 0 ? rest : rest.slice(0, hash)).replace(/^-\s+/, '').trim();
    const directive = hash < 0 ? null : parseDirective(rest.slice(hash + 1).trim());
    onItem({ kind: 'result', depth: depth(), ok, number, description, directive });
    return true;
  }

  function takeStandard(indent: number, text: string): boolean {
    if (VERSION.test(text)) return takeVersion(indent, text);
    const plan = PLAN.exec(text);
    if (plan !== null) return takePlan(indent, Number(plan[1]), plan[2]);
    const result = RESULT.exec(text);
    if (result !== null) return takeResult(indent, result[1] === 'ok', Number(result[2]), result[3] ?? '');
    return false;
  }

  function takeLine(raw: string): void {
    const whole = raw.replaceAll('\0', '').trimEnd();
    const text = whole.trimStart();
    if (text === '') return;
    const indent = whole.length - text.length;
    if (text.startsWith('#')) {
      onItem({ kind: 'diagnostic', depth: depth(), text: text.slice(1).trimStart() });
      return;
    }
    if (takeStandard(indent, text)) return;
    const bail = BAIL_OUT.exec(text);
    if (bail !== null) onItem({ kind: 'bail-out', depth: depth(), text: bail[1] ?? '' });
    else onItem({ kind: 'unknown', depth: depth(), text: whole });
  }

  function endLine(): void {
    if (dropped) problem('long-line', `a line of more than ${KTAP_LINE_LIMIT} characters was cut`);
    takeLine(line);
    line = '';
    dropped = false;
  }

  function feed(text: string): void {
    let from = 0;
    for (;;) {
      const newline = text.indexOf('\n', from);
      const to = newline < 0 ? text.length : newline;
      const room = KTAP_LINE_LIMIT - line.length;
      if (to - from > room) dropped = true;
      line += text.slice(from, from + Math.min(to - from, room));
      if (newline < 0) return;
      endLine();
      from = newline + 1;
    }
  }

  return {
    push(chunk) {
      if (ended) return;
      feed(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
    },
    end() {
      if (ended) return;
      feed(decoder.decode());
      ended = true;
      if (line.trim() !== '') {
        // Half a line may read `ok 1 x` of `ok 1 x # SKIP why`: it decides nothing.
        problem('cut-line', 'the last line has no end');
        onItem({ kind: 'unknown', depth: depth(), text: line.replaceAll('\0', '').trimEnd() });
      }
      while (blocks.length > 0) closeBlock();
    },
  };
}

function parseDirective(text: string): Directive {
  const match = DIRECTIVE.exec(text);
  if (match === null) return { kind: 'other', text };
  return { kind: (match[1] ?? '').toUpperCase() as DirectiveKind, text: match[2] ?? '' };
}
