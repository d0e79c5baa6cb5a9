/** What is kept of a cell that is not a plain pass: everything that a person needs to believe it, and to repeat it. */
import type { Cell } from '../core/events.ts';
import type { RunStore } from '../results/store.ts';

const PLAIN: readonly Cell['outcome'][] = ['pass', 'not-applicable', 'known'];

/** @returns the folder below the run folder, null for a cell that needs none */
export function keepEvidence(store: RunStore, cell: Cell, slice: readonly string[], repeat: string): string | null {
  if (PLAIN.includes(cell.outcome)) return null;
  const folder = `${cell.target}/${cell.clause}-${cell.path}`;
  const facts = (name: 'driver' | 'user'): string[] =>
    cell.observers[name].map((fact) => `${name.padEnd(6)} ${fact.ok ? 'ok ' : 'bad'} ${fact.text}`);
  store.writeText(
    `${folder}/verdict.txt`,
    [`${cell.outcome}: ${cell.reason}`, '', ...facts('driver'), ...facts('user'), '', `repeat: ${repeat}`, ''].join(
      '\n',
    ),
  );
  if (cell.log.length > 0) store.writeText(`${folder}/driver.log`, `${cell.log.join('\n')}\n`);
  if (slice.length > 0) store.writeText(`${folder}/console.log`, `${slice.join('\n')}\n`);
  for (const [index, fault] of cell.faults.entries())
    store.writeText(`${folder}/fault-${index + 1}.txt`, `${fault.title}\n\n${fault.lines.join('\n')}\n`);
  return folder;
}
