/** The few lines of a log that say why: whole lines, never more than a dashboard wants to show. */
import { harmless } from '../../probe/untrusted.ts';

export const EXCERPT_BYTES = 4096;

/** The first lines say what happened and the last ones where it ended; what lies between goes first. */
export function excerpt(lines: readonly string[], limit = EXCERPT_BYTES): string {
  const clean = lines.flatMap((line) => line.split('\n')).map((line) => harmless(line, 500).trimEnd());
  const size = (line: string): number => Buffer.byteLength(line) + 1;
  if (clean.reduce((sum, line) => sum + size(line), 0) <= limit) return clean.join('\n');
  const head: string[] = [];
  const tail: string[] = [];
  let room = limit - 40;
  for (const line of clean) {
    if (room - size(line) < (limit * 2) / 3) break;
    head.push(line);
    room -= size(line);
  }
  for (const line of clean.slice(head.length).toReversed()) {
    if (room - size(line) < 0) break;
    tail.unshift(line);
    room -= size(line);
  }
  return [...head, `[${clean.length - head.length - tail.length} lines left out]`, ...tail].join('\n');
}
