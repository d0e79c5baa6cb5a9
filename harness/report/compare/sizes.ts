/** Sizes of functions as bloat-o-meter prints them. */
import type { ComparisonDocument } from '../../results/comparison.ts';
import { harmless } from '../../probe/untrusted.ts';
import { padTo } from '../format.ts';
import type { Paint } from '../lines/paint.ts';

type Sizes = ComparisonDocument['sizes'][number];

const SHOWN = 10;

export const signed = (bytes: number): string => (bytes > 0 ? `+${bytes}` : String(bytes));

/** `x86_64: 1 function larger, 2 smaller; +12 -40, -28 bytes`. */
export function sizeSummary({ changes }: Sizes): string {
  if (changes.length === 0) return 'no function or object changed its size';
  const deltas = changes.map(({ before, after }) => after - before);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const [up, down] = [deltas.filter((each) => each > 0), deltas.filter((each) => each < 0)];
  return `${up.length} larger, ${down.length} smaller: ${signed(sum(up))} ${sum(down)}, ${signed(sum(deltas))} bytes`;
}

export function sizeLines(sizes: Sizes, paint: Paint): string[] {
  const { target, changes } = sizes;
  const width = Math.max(0, ...changes.slice(0, SHOWN).map(({ name }) => name.length));
  const rows = largest(changes).map(({ name, before, after }) => {
    const delta = after - before;
    const number = (value: number): string => String(value).padStart(7);
    return `      ${padTo(harmless(name), width)}${number(before)}${number(after)}  ${paint(delta < 0 ? 'green' : 'yellow', signed(delta).padStart(6))}`;
  });
  const more = changes.length - rows.length;
  return [
    `  ${target}  sizes: ${sizeSummary(sizes)}`,
    ...rows,
    ...(more > 0 ? [paint('dim', `      and ${more} more`)] : []),
  ];
}

/** Those that changed most, in bloat-o-meter's order. */
export function largest(changes: Sizes['changes'], most = SHOWN): Sizes['changes'] {
  const ranked = changes.toSorted((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before)).slice(0, most);
  return changes.filter((change) => ranked.includes(change));
}
