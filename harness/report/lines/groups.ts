/** The verdicts of a target by clause group: `A delivery 11 ✓`. */
import type { ClauseGroup } from '../../contract/clause.ts';
import { countOutcomes } from '../../core/outcome.ts';
import { groupName, groupOf } from '../catalogue.ts';
import { padTo, widthOf } from '../format.ts';
import { decidedCells, targetOf, undecidedCells, type RunState, type TargetState } from '../run-state.ts';
import { targetWidth } from './stages.ts';
import { shortCounts, type Paint } from './paint.ts';

const GAP = 4;

/** Letters of the groups that the target's plan and verdicts have, in order. */
export function groupLetters(target: TargetState): string[] {
  const clauses = [...target.planned, ...target.cells.values()].map((cell) => groupOf(cell.clause));
  return [...new Set(clauses)].toSorted();
}

export function isGroupDone(target: TargetState, letter: string): boolean {
  return !undecidedCells(target).some((cell) => groupOf(cell.clause) === letter);
}

function entry(target: TargetState, letter: string, name: string, over: boolean, paint: Paint): string {
  const decided = decidedCells(target).filter((cell) => groupOf(cell.clause) === letter);
  const open = undecidedCells(target).filter((cell) => groupOf(cell.clause) === letter).length;
  const counts = shortCounts(countOutcomes(decided.map((cell) => cell.outcome)), paint);
  const rest = open === 0 ? '' : paint('dim', over ? `${open} not run` : `${open} to go`);
  return [name, counts, rest].filter((part) => part !== '').join('  ');
}

/** One line for one group, for a log: `  x86_64  A delivery       11 ✓`. */
export function groupLine(
  state: RunState,
  targetName: string,
  letter: string,
  catalogue: readonly ClauseGroup[],
  paint: Paint,
): string {
  const target = targetOf(state, targetName);
  const letters = groupLetters(target);
  const width = Math.max(...letters.map((each) => groupName(catalogue, each).length));
  const name = padTo(groupName(catalogue, letter), width);
  return `  ${padTo(targetName, targetWidth(state))}  ${entry(target, letter, name, false, paint)}`;
}

/**
 * All groups of all targets, packed into so many columns: the live window's table, and the last one of a run.
 * @param over nothing more will be decided, whether the run came to its end or was killed
 */
export function groupTable(
  state: RunState,
  catalogue: readonly ClauseGroup[],
  columns: number,
  paint: Paint,
  over: boolean,
): string[] {
  const indent = targetWidth(state) + 4;
  const targets = [...state.targets.values()];
  // Every group of any target has its place in every row, so that targets can be compared at a glance.
  const letters = [...new Set(targets.flatMap(groupLetters))]
    .toSorted()
    .filter((letter) => over || targets.some((target) => isBegun(target, letter)));
  const tables = targets.map((target) =>
    letters.map((letter) =>
      isShown(target, letter, over) ? entry(target, letter, groupName(catalogue, letter), over, paint) : '',
    ),
  );
  const widths = letters.map((_, index) => Math.max(...tables.map((entries) => widthOf(entries[index] ?? ''))) + GAP);
  const perRow = fitColumns(widths, columns - indent + GAP);
  return targets.flatMap((target, index) =>
    rows(tables[index] ?? [], widths, perRow)
      .filter((row) => row !== '')
      .map((row, line) =>
        line === 0 ? `  ${paint('bold', padTo(target.name, indent - 2))}${row}` : ' '.repeat(indent) + row,
      ),
  );
}

const isShown = (target: TargetState, letter: string, over: boolean): boolean =>
  over ? groupLetters(target).includes(letter) : isBegun(target, letter);

const isBegun = (target: TargetState, letter: string): boolean =>
  (target.running !== null && groupOf(target.running.clause) === letter) ||
  [...target.cells.values()].some((cell) => groupOf(cell.clause) === letter);

/** The widest entry of each column, when so many stand in a row. */
const columnWidths = (widths: readonly number[], perRow: number): number[] =>
  Array.from({ length: Math.min(perRow, widths.length) }, (_, column) =>
    Math.max(...widths.filter((__, index) => index % perRow === column)),
  );

/** The most columns that fit; at least one. */
function fitColumns(widths: readonly number[], room: number): number {
  for (let perRow = widths.length; perRow > 1; perRow -= 1)
    if (columnWidths(widths, perRow).reduce((sum, width) => sum + width, 0) <= room) return perRow;
  return 1;
}

function rows(entries: readonly string[], widths: readonly number[], perRow: number): string[] {
  const columns = columnWidths(widths, perRow);
  const lines: string[] = [];
  for (let from = 0; from < entries.length; from += perRow) {
    const row = entries.slice(from, from + perRow).map((text, column) => padTo(text, columns[column] ?? 0));
    lines.push(row.join('').trimEnd());
  }
  return lines;
}
