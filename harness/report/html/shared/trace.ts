/** The driver's events of one cell, decoded: one line each, in the order of the log. */
import { eventWords } from './event-words.ts';
import { parseLog, type LogEvent } from './log.ts';

interface Steps {
  readonly entered: number;
  readonly left: number;
}

/** @returns no lines for a log without events */
export function traceLines(log: readonly string[]): string[] {
  const events = parseLog(log).filter(({ fields }) => fields.has('type'));
  if (events.length === 0) return [];
  const steps = events.map(stepsOf);
  const first = events[0]?.tid ?? '';
  const number = String(events.length).length;
  const name = Math.max(...events.map(({ type }) => type.length));
  return events.map((event, index) => {
    const words = [eventWords(event), event.tid === first ? '' : `thread ${event.tid}`, insideOf(index, steps)].filter(
      (word) => word !== '',
    );
    return `${String(index + 1).padStart(number)}  ${event.type.padEnd(name)}  ${words.join(', ')}`.trimEnd();
  });
}

/** They count the beginning and the end of all hooks. */
const stepsOf = ({ fields }: LogEvent): Steps => ({
  entered: Number(fields.get('entered') ?? 0),
  left: Number(fields.get('left') ?? 0),
});

/** A guest may say that all of them ran inside of each other. */
const MOST_NAMED = 8;

/** Who began between the steps of another ran inside of it, or beside it. */
function insideOf(index: number, steps: readonly Steps[]): string {
  const began = steps[index]?.entered ?? 0;
  const outer = steps.flatMap(({ entered, left }, at) => (entered < began && began < left ? [at + 1] : []));
  if (outer.length === 0) return '';
  const more = outer.length > MOST_NAMED ? [`${outer.length - MOST_NAMED} more`] : [];
  return `while ${[...outer.slice(0, MOST_NAMED), ...more].join(' and ')} ran`;
}
