/** What is kept of a cell that is not a plain pass: everything that a person needs to believe it, and to repeat it. */
import type { Cell, Fault } from '../core/events.ts';
import { faultPlace, stackLines } from '../report/lines/fault.ts';
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
  keepFaults(store, folder, cell.faults);
  return folder;
}

/** One file a fault: what it is, its whole stack with file and line where known, the kernel's own words. */
export function keepFaults(store: Pick<RunStore, 'writeText'>, folder: string, faults: readonly Fault[]): void {
  for (const [index, fault] of faults.entries()) {
    const head = [`${fault.class}: ${fault.title}`, faultPlace(fault), `fingerprint ${fault.fingerprint ?? 'unknown'}`];
    const parts = [head.filter((line) => line !== ''), stackLines(fault), fault.lines];
    const text = parts
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n');
    store.writeText(`${folder}/fault-${index + 1}.txt`, `${text}\n`);
  }
}
