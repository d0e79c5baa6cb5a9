/**
 * A console file of any size and content, as the lines that matter. Bytes are looked through as Latin-1, which keeps a
 * piece cut anywhere right; only lines that are handed on are decoded. A line's end beyond the limit is dropped.
 */
import { createFaultReader } from './fault-reader.ts';
import { toFaults, type SplatFault } from './splat.ts';
import { TEXT_LIMIT } from './console-line.ts';

/** Bytes of a line that are kept: what a reader makes of it is shorter still. */
const KEPT = 4 * TEXT_LIMIT;

export interface ConsoleScanner {
  /** Any piece of the console, cut anywhere. */
  push(chunk: Uint8Array): void;
  /** Everything found, causes first. */
  end(): { readonly faults: readonly SplatFault[]; readonly lost: number };
}

export function createConsoleScanner(): ConsoleScanner {
  const reader = createFaultReader();
  let rest = '';
  let number = 0;

  const hand = (line: string): void => reader.line(Buffer.from(line.slice(0, KEPT), 'latin1').toString('utf8'), number);

  /** Whole lines only. While nothing is open, all up to the next needle is only counted. */
  function scan(text: string): void {
    let at = 0;
    while (at < text.length) {
      let next = at;
      const { needle } = reader;
      if (needle !== null) {
        needle.lastIndex = at;
        const hit = needle.exec(text);
        if (hit === null) {
          number += countLines(text, at, text.length);
          return;
        }
        next = text.lastIndexOf('\n', hit.index) + 1;
        number += countLines(text, at, next);
      }
      const end = text.indexOf('\n', next);
      number += 1;
      hand(text.slice(next, end));
      at = end + 1;
    }
  }

  return {
    push(chunk) {
      const text = rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      const whole = text.lastIndexOf('\n') + 1;
      if (whole > 0) scan(text.slice(0, whole));
      // A line without an end is not kept for ever; its first part is what is read.
      rest = text.slice(whole, whole + KEPT);
    },
    end() {
      if (rest !== '') scan(`${rest}\n`);
      rest = '';
      return { faults: toFaults(reader.end()), lost: reader.lost };
    },
  };
}

function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
