/**
 * Do the targets agree? One kernel, several architectures: a cell whose verdict or course of events differs is worth a
 * look even where nothing failed.
 */
import { findClauses } from '../../contract/catalogue.ts';
import type { Cell } from '../../core/events.ts';
import { plural } from '../../core/words.ts';
import { decidedCells, type RunState } from '../run-state.ts';
import type { Paint } from './paint.ts';

const MAX_ROWS = 12;

const RACY = new Set(findClauses([]).flatMap((clause) => (clause.racy === true ? [clause.id] : [])));

/** The events of a log without what must differ between two runs: addresses, times, task ids and cookies. */
export function courseOf(log: readonly string[]): string {
  return eventsOf(log).join(' ');
}

function eventsOf(log: readonly string[]): string[] {
  return log.map((line) => {
    const type = /(?:^| )type=(\S+)/.exec(line)?.[1] ?? '?';
    const ret = /(?:^| )ret=(\S+)/.exec(line)?.[1] ?? '0';
    return ret === '0' ? type : `${type}=${ret}`;
  });
}

/** Where tasks race, only how often each event came is the kernel's doing. */
const comparableCourse = ({ clause, log }: Cell): string =>
  (RACY.has(clause) ? eventsOf(log).toSorted() : eventsOf(log)).join(' ');

/** Lines for the summary; empty for a run on one target, or where nothing can be compared. */
export function agreementLines(state: RunState, paint: Paint): string[] {
  const targets = [...state.targets.values()];
  const cells = targets.flatMap(decidedCells).filter((cell) => cell.ran);
  const alike = [...Map.groupBy(cells, (cell) => `${cell.clause} ${cell.path} ${cell.profile}`).values()].filter(
    (group) => group.length === targets.length,
  );
  if (targets.length < 2 || alike.length === 0) return [];
  const names = targets.map((target) => target.name);
  const who = `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
  const rows = alike.flatMap((group) => difference(group, paint));
  if (rows.length === 0) return [`  ${paint('dim', `${who} agree in ${plural(alike.length, 'cell')}.`)}`];
  const more = rows.length - MAX_ROWS;
  return [
    `  ${who} differ in ${rows.length} of ${plural(alike.length, 'cell')}:`,
    ...rows.slice(0, MAX_ROWS),
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ];
}

function difference(group: readonly Cell[], paint: Paint): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const outcomes = new Set(group.map((cell) => cell.outcome));
  const courses = new Set(group.map(comparableCourse));
  if (outcomes.size === 1 && courses.size === 1) return [];
  const show = (cell: Cell): string => (outcomes.size > 1 ? cell.outcome : shorten(inTurns(eventsOf(cell.log))));
  const sides = group.map((cell) => `${cell.target}: ${show(cell)}`).join('   ');
  return [`    ${paint('yellow', '≠')} ${first.clause} ${first.path}  ${sides}`];
}

/** `close release ×30`: else two courses that part late look the same. */
function inTurns(events: readonly string[]): string {
  const turns: { event: string; times: number }[] = [];
  for (const event of events) {
    const last = turns.at(-1);
    if (last?.event === event) last.times += 1;
    else turns.push({ event, times: 1 });
  }
  return turns.map(({ event, times }) => (times === 1 ? event : `${event} ×${times}`)).join(' ');
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
