/** What this run showed of docs/findings.md: known oddities of the kernel, which fail nothing. */
import { shownFindings } from '../../contract/findings.ts';
import { padTo, widthOf } from '../format.ts';
import { allCells, type RunState } from '../run-state.ts';
import type { Paint } from './paint.ts';

export function findingLines(state: RunState, paint: Paint): string[] {
  const findings = shownFindings(allCells(state));
  if (findings.length === 0) return [];
  const width = Math.max(...findings.map(({ title }) => widthOf(title)));
  return [
    `  Findings ${paint('dim', '(docs/findings.md: what is promised, what happens, a program that shows it)')}`,
    ...findings.map(({ number, title, clauses, targets }) => {
      const where = targets.length === state.targets.size ? '' : `  ${targets.join(' ')}`;
      return `  ${String(number).padStart(4)}  ${padTo(title, width)}  ${paint('dim', clauses.join(' ') + where)}`;
    }),
  ];
}
