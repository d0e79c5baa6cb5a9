/** The repeats of a cell as lines: those that say the same stand together, and a reason is not told twice. */
import type { Cell } from '../core/events.ts';

export interface RepeatLine {
  /** `repeat 2`, `repeats 1-3`. */
  readonly label: string;
  readonly text: string;
}

export function repeatLines({ outcome, reason, repeats }: Pick<Cell, 'outcome' | 'reason' | 'repeats'>): RepeatLine[] {
  const groups: { from: number; to: number; text: string }[] = [];
  for (const [index, each] of repeats.entries()) {
    const same = each.outcome === outcome && each.reason === reason;
    const text = same ? `${outcome}, as above` : [each.outcome, each.reason].filter((part) => part !== '').join(': ');
    const last = groups.at(-1);
    if (last?.text === text) last.to = index + 1;
    else groups.push({ from: index + 1, to: index + 1, text });
  }
  return groups.map(({ from, to, text }) => ({
    label: from === to ? `repeat ${from}` : `repeats ${from}-${to}`,
    text,
  }));
}
