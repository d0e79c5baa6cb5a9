/** What a run said of a broken guest, beside what it should have said. Pure. */
import type { Cell, Event, Fault } from '../../core/events.ts';
import type { Outcome as CellOutcome } from '../../core/outcome.ts';
import { EXIT } from '../../core/outcome.ts';
import type { Blame, Expected } from './scenario.ts';

/** A run, as much of it as says what it found. */
export interface Finished {
  readonly exitCode: number;
  readonly events: readonly Event[];
}

export interface Seen {
  /** Of the cell that was hit; null: it has no verdict. */
  readonly outcome: CellOutcome | null;
  readonly reason: string;
  readonly class: string | null;
  readonly title: string;
  readonly function: string | null;
  readonly blame: Blame;
  /** Cells beside it that did not pass, as `E02.direct: error: why`. */
  readonly others: readonly string[];
  /** Notes of the run that are no mere information. */
  readonly notes: readonly string[];
}

function blameOf(exitCode: number): Blame {
  if (exitCode === EXIT.good) return 'nobody';
  return exitCode === EXIT.bad ? 'kernel' : 'us';
}

const nameOf = ({ clause, path }: Cell): string => `${clause}.${path}`;

/** @param hit the cell that was hit, `A01.direct` */
export function seenIn({ exitCode, events }: Finished, hit: string): Seen {
  const cells = events.flatMap((event) => (event.kind === 'cell' ? [event.cell] : []));
  const outside = events.flatMap((event): Fault[] => (event.kind === 'kernel-fault' ? [event.fault] : []));
  const notes = events.flatMap((event) => (event.kind === 'note' && event.level !== 'info' ? [event.text] : []));
  const cell = cells.find((each) => nameOf(each) === hit);
  const fault = cell?.faults[0] ?? cells.flatMap((each) => each.faults)[0] ?? outside[0];
  return {
    outcome: cell?.outcome ?? null,
    reason: cell?.reason ?? '',
    class: fault?.class ?? null,
    title: fault?.title ?? '',
    function: fault?.function ?? null,
    blame: blameOf(exitCode),
    others: cells
      .filter((each) => each !== cell && each.outcome !== 'pass')
      .map((each) => `${nameOf(each)}: ${each.outcome}: ${each.reason}`),
    notes,
  };
}

const word = (value: string | null): string => value ?? 'none';

/** Where the two differ, as sentences; empty: the verdict is right. */
export function differences(expected: Expected, seen: Seen): string[] {
  const pairs: readonly (readonly [string, string | null, string | null])[] = [
    ['outcome', expected.outcome, seen.outcome],
    ['fault class', expected.class, seen.class],
    ['blame', expected.blame, seen.blame],
    ...(expected.function === undefined ? [] : [['function', expected.function, seen.function] as const]),
  ];
  const words = [seen.reason, seen.title, ...seen.notes].join('\n');
  return [
    ...pairs
      .filter(([, should, is]) => should !== is)
      .map(([what, should, is]) => `${what}: ${word(is)} instead of ${word(should)}`),
    ...(expected.says === undefined || expected.says.test(words) ? [] : [`nothing says ${String(expected.says)}`]),
    ...seen.others.map((other) => `a cell that nothing was done to: ${other}`),
  ];
}
