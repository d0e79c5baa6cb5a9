/** The driver's events of one cell, decoded: one line each, in the order of the log. */
import { eventWords } from './event-words.ts';
import { parseLog, type LogEvent } from './log.ts';

/** @returns no lines for a log without events */
export function traceLines(log: readonly string[]): string[] {
  const events = parseLog(log).filter(({ fields }) => fields.has('type'));
  if (events.length === 0) return [];
  const first = events[0]?.tid ?? '';
  const number = String(events.length).length;
  const name = Math.max(...events.map(({ type }) => type.length));
  return events.map((event, index) => {
    const words = [eventWords(event), event.tid === first ? '' : `thread ${event.tid}`, insideOf(event, events)].filter(
      (word) => word !== '',
    );
    return `${String(index + 1).padStart(number)}  ${event.type.padEnd(name)}  ${words.join(', ')}`.trimEnd();
  });
}

/** Steps count the beginning and the end of all hooks: who began between those of another ran inside of it, or beside it. */
function insideOf(event: LogEvent, events: readonly LogEvent[]): string {
  const step = (of: LogEvent, name: 'entered' | 'left'): number => Number(of.fields.get(name) ?? 0);
  const outer = events.flatMap((other, index) =>
    step(other, 'entered') < step(event, 'entered') && step(event, 'entered') < step(other, 'left') ? [index + 1] : [],
  );
  return outer.length === 0 ? '' : `while ${outer.join(' and ')} ran`;
}
