/** What X clauses did in a run as the recorded behaviour, and what that rewrites, line by line. Pure. */
import type { Recorded, RecordedEntry } from '../contract/recorded.ts';
import { DEFAULT_TARGETS } from '../core/arch.ts';
import type { Behaviour, Cell } from '../core/events.ts';

export interface Update {
  readonly recorded: Recorded;
  /** A diff for people; empty where nothing changes. */
  readonly diff: readonly string[];
}

type Seen = Cell & { readonly behaviour: Behaviour };

const hasBehaviour = (cell: Cell): cell is Seen => cell.behaviour !== undefined;
const isNews = (cell: Cell): cell is Seen => cell.behaviour !== undefined && cell.outcome === 'changed';

const textOf = (sides: { readonly driver: readonly string[]; readonly user: readonly string[] }): string =>
  JSON.stringify([sides.driver, sides.user]);

/**
 * Entries without a target are replaced only by what every target saw; what one target saw alone becomes an entry for
 * that target. Entries for other kernels are left alone.
 * @param sourceOf the place in this kernel, `mm/util.c:1371 mmap_action_finish`
 */
export function updateRecorded(
  recorded: Recorded,
  cells: readonly Cell[],
  kernel: string,
  sourceOf: (clause: string) => string,
  targets: readonly string[] = DEFAULT_TARGETS.map((target) => target.name),
): Update {
  const all: Record<string, readonly RecordedEntry[]> = { ...recorded.cells };
  const diff: string[] = [];
  const news = Map.groupBy(cells.filter(isNews), (cell) => `${cell.clause}.${cell.path}`);
  for (const [name, changed] of news) {
    const seen = cells.filter(hasBehaviour).filter((cell) => `${cell.clause}.${cell.path}` === name);
    const make = (cell: Seen, target: string | undefined): RecordedEntry => ({
      kernel,
      source: sourceOf(cell.clause),
      ...(target === undefined ? {} : { target }),
      ...cell.behaviour.seen,
    });
    const agree = new Set(seen.map((cell) => textOf(cell.behaviour.seen))).size === 1;
    const everywhere = agree && targets.every((target) => seen.some((cell) => cell.target === target));
    const [first] = changed;
    if (first === undefined) continue;
    const fresh = everywhere ? [make(first, undefined)] : changed.map((cell) => make(cell, cell.target));
    const kept = (all[name] ?? []).filter(
      (entry) =>
        entry.kernels !== undefined ||
        (!everywhere && !fresh.some((each) => each.target === entry.target && each.target !== undefined)),
    );
    all[name] = [...kept, ...fresh];
    for (const cell of everywhere ? [first] : changed) {
      const who = (everywhere ? changed : [cell]).map(({ target }) => target).join(', ');
      diff.push(...diffLines(name, who, cell.behaviour, kernel));
    }
  }
  const sorted = Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { recorded: { version: 1, cells: sorted as Recorded['cells'] }, diff };
}

function diffLines(name: string, who: string, { seen, recorded }: Behaviour, kernel: string): string[] {
  const sides = ['driver', 'user'] as const;
  const lines = sides.flatMap((side) => {
    const [old, now] = [recorded?.[side] ?? [], seen[side]];
    const rows = Array.from({ length: Math.max(old.length, now.length) }, (_, index) => [old[index], now[index]]);
    return rows.flatMap(([before, after]) =>
      before === after
        ? [`    ${side}: ${after}`]
        : [
            ...(before === undefined ? [] : [`-   ${side}: ${before}`]),
            ...(after === undefined ? [] : [`+   ${side}: ${after}`]),
          ],
    );
  });
  const from = recorded === null ? 'nothing recorded' : `Linux ${recorded.kernel}, ${recorded.source}`;
  return [`${name} (${who}): ${from} → Linux ${kernel}`, ...lines];
}
