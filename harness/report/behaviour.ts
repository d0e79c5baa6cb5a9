/** An X clause's behaviour, what is recorded beside what was seen, in words that every report can use. */
import type { Behaviour, Cell } from '../core/events.ts';

export interface BehaviourRow {
  readonly who: 'driver' | 'user';
  /** null: there is no such line on that side. */
  readonly recorded: string | null;
  readonly seen: string | null;
}

/** Where the cell's behaviour is not as recorded, a row for each line; none for any other cell. */
export function behaviourRows(cell: Pick<Cell, 'behaviour' | 'outcome'>): BehaviourRow[] {
  const { behaviour } = cell;
  if (behaviour === undefined || cell.outcome === 'pass') return [];
  return [...side(behaviour, 'driver'), ...side(behaviour, 'user')];
}

function side({ seen, recorded }: Behaviour, who: 'driver' | 'user'): BehaviourRow[] {
  const [now, was] = [seen[who], recorded?.[who] ?? []];
  return Array.from({ length: Math.max(now.length, was.length) }, (_, index) => ({
    who,
    recorded: was[index] ?? null,
    seen: now[index] ?? null,
  })).filter((row) => row.recorded !== row.seen);
}

/** Who recorded it: `Linux 7.3.4, mm/util.c:1371 mmap_action_finish`. */
export const recordedOn = ({ behaviour }: Pick<Cell, 'behaviour'>): string => {
  const recorded = behaviour?.recorded ?? null;
  return recorded === null ? 'nothing' : `Linux ${recorded.kernel}, ${recorded.source}`;
};

/** One line a side, for reports that have no columns. */
export function behaviourLines(cell: Pick<Cell, 'behaviour' | 'outcome'>): string[] {
  return behaviourRows(cell).flatMap(({ who, recorded, seen }) => [
    `recorded ${who} (${recordedOn(cell)}): ${recorded ?? 'nothing'}`,
    `seen ${who}: ${seen ?? 'nothing'}`,
  ]);
}
