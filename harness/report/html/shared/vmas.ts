/**
 * From the driver's events to the VMAs over time. A VMA is there from its mapped (or open, where another one is split or
 * copied) to its close. Where a prepare succeeded and no mapped came, the range became part of a neighbour that goes on
 * from it in the file; where there is none, a VMA is only presumed, and only where a later event is about it.
 */
import { hasRange, type LogEvent } from './log.ts';

export interface Bar {
  readonly start: number;
  readonly end: number;
  /** Place of the event that began it, and of the one that ended it; null: it never ended. */
  readonly from: number;
  readonly to: number | null;
  readonly kind: 'vma' | 'presumed';
  /** How many others lie at the same place: a forked child has its parent's addresses. */
  readonly depth: number;
  readonly pgoff: number;
  /** The hook that began it returned an error. */
  readonly failed: boolean;
}

type Open = { -readonly [Key in keyof Bar]: Bar[Key] };

const overlaps = (a: { start: number; end: number }, b: { start: number; end: number }): boolean =>
  a.start < b.end && b.start < a.end;
const within = (a: { start: number; end: number }, b: { start: number; end: number }): boolean =>
  a.start >= b.start && a.end <= b.end;

export function barsOf(events: readonly LogEvent[]): Bar[] {
  const bars: Open[] = [];
  const page = pageSize(events);
  const alive = (): Open[] => bars.filter((bar) => bar.to === null);

  const begin = (event: LogEvent, range: { start: number; end: number; pgoff: number }, kind: Bar['kind']): void => {
    const depth = alive().filter((bar) => overlaps(bar, range)).length;
    const { start, end, pgoff } = range;
    bars.push({ start, end, pgoff, from: event.at, to: null, kind, depth, failed: event.ret !== 0 });
  };
  /** Cuts every bar that reaches out of the range into what lies in it and what does not. */
  const cut = (event: LogEvent): void => {
    for (const bar of alive().filter((each) => overlaps(each, event) && !within(each, event))) {
      bar.to = event.at;
      const edges = [bar.start, Math.max(bar.start, event.start), Math.min(bar.end, event.end), bar.end];
      for (const [index, start] of edges.slice(0, -1).entries()) {
        const end = edges[index + 1] ?? start;
        const pgoff = bar.pgoff + (start - bar.start) / page;
        if (end > start) bars.push({ ...bar, start, end, pgoff, from: event.at, to: null });
      }
    }
  };
  /** A merge: the neighbours and the new range go on as one. */
  const grow = (event: LogEvent): void => {
    const neighbours = alive().filter(
      (bar) =>
        (bar.end === event.start || bar.start === event.end) &&
        bar.pgoff - bar.start / page === event.pgoff - event.start / page,
    );
    if (neighbours.length === 0) return begin(event, event, 'presumed');
    for (const bar of neighbours) bar.to = event.at;
    const first = [...neighbours, event].toSorted((a, b) => a.start - b.start)[0] ?? event;
    const end = Math.max(event.end, ...neighbours.map((bar) => bar.end));
    bars.push({
      start: first.start,
      end,
      pgoff: first.pgoff,
      from: event.at,
      to: null,
      kind: 'vma',
      depth: 0,
      failed: false,
    });
  };
  const close = (event: LogEvent): void => {
    cut(event);
    const inside = alive().filter((bar) => within(bar, event));
    const deepest = inside.filter(
      (bar) => !inside.some((other) => other !== bar && overlaps(other, bar) && other.depth > bar.depth),
    );
    for (const bar of deepest) bar.to = event.at;
  };

  for (const event of events) {
    if (!hasRange(event)) continue;
    switch (event.type) {
      case 'prepare':
        if (event.ret === 0 && isPresumed(event, events)) grow(event);
        break;
      case 'mapped':
        begin(event, event, 'vma');
        break;
      case 'open': {
        const larger = alive().some((bar) => within(event, bar) && !within(bar, event));
        if (larger) cut(event);
        else begin(event, event, 'vma');
        break;
      }
      case 'close':
        close(event);
        break;
      default:
        break;
    }
  }
  // A failed one without a close did not stay: only its beginning is known.
  for (const bar of alive()) if (bar.failed && !mentionedLater(bar, events)) bar.to = bar.from + 1;
  return bars;
}

/** The largest that all addresses keep to. */
function pageSize(events: readonly LogEvent[]): number {
  const addresses = events.filter(hasRange).flatMap((event) => [event.start, event.end]);
  return [65_536, 16_384].find((size) => addresses.every((address) => address % size === 0)) ?? 4096;
}

const mentionedLater = (bar: Bar, events: readonly LogEvent[]): boolean =>
  events.slice(bar.from + 1).some((event) => hasRange(event) && event.type !== 'prepare' && overlaps(event, bar));

/** No mapped follows in the same call, but something that only happens to VMAs. */
function isPresumed(prepare: LogEvent, events: readonly LogEvent[]): boolean {
  for (const event of events.slice(prepare.at + 1)) {
    if (event.tid === prepare.tid && event.type === 'prepare') break;
    if (event.type === 'mapped' && overlaps(event, prepare)) return false;
  }
  const next = events.slice(prepare.at + 1).find((event) => hasRange(event) && overlaps(event, prepare));
  return next !== undefined && ['open', 'close', 'fault', 'may-split', 'mremap'].includes(next.type);
}
