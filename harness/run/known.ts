/** The entries of allow.yaml in one run: which hold, which were needed, and what must be said of the others. */
import { allowReason, allowSplat, covers, dayOf, isExpired, type AllowEntry } from '../contract/allow.ts';
import type { CatalogueCell } from '../contract/catalogue.ts';
import type { Cell, Emit } from '../core/events.ts';
import { parseCellName } from '../probe/report.ts';

/** What was asked for: an entry that covers none of it is not talked about. */
export interface Scope {
  readonly checks: readonly CatalogueCell[];
  /** All cells that there are: a splat without a clause may come in any of them. */
  readonly whole: boolean;
  readonly kernels: ReadonlyMap<string, string>;
}

export interface KnownTrouble {
  /** Those that have not expired. */
  readonly entries: readonly AllowEntry[];
  /** Keeps in mind that an entry was needed. */
  take(cell: Cell): void;
  /** Lets through what no entry explains: a known splat outside of a cell's verdict is a note. */
  filter(emit: Emit, kernelVersion: () => string): Emit;
  /** At the end: expired entries fail the run, unused ones are said. */
  conclude(scope: Scope, emit: Emit): void;
}

export function createKnownTrouble(entries: readonly AllowEntry[], today: string = dayOf(new Date())): KnownTrouble {
  const live = entries.filter((entry) => !isExpired(entry, today));
  const used = new Set<string>();
  return {
    entries: live,
    take(cell) {
      if (cell.known !== undefined) used.add(cell.known.entry);
    },
    filter: (emit, kernelVersion) => (event) => {
      if (event.kind !== 'kernel-fault') return emit(event);
      const { target, during, fault } = event;
      const { clause, path } = parseCellName(during) ?? { clause: null, path: null };
      const entry = allowSplat(live, { clause, path, target, kernelVersion: kernelVersion() }, fault);
      if (entry === null) return emit(event);
      used.add(entry.at);
      const text = `${during}: ${fault.title}: known, ${allowReason(entry)}`;
      emit({ kind: 'note', target, level: 'info', code: 'KNOWN_SPLAT', text });
    },
    conclude(scope, emit) {
      for (const entry of entries.filter((each) => concerns(each, scope))) {
        if (isExpired(entry, today)) emit({ kind: 'note', target: null, level: 'error', ...expired(entry) });
        else if (!used.has(entry.at)) emit({ kind: 'note', target: null, level: 'warning', ...unused(entry) });
      }
    },
  };
}

function concerns(entry: AllowEntry, { checks, whole, kernels }: Scope): boolean {
  if (entry.clause === undefined && !whole) return false;
  return [...kernels].some(([target, kernelVersion]) =>
    checks.some(({ clause, path }) => covers(entry, { clause: clause.id, path, target, kernelVersion })),
  );
}

const what = ({ clause, splat }: AllowEntry): string =>
  [clause, splat === undefined ? undefined : `"${splat.source}"`].filter((part) => part !== undefined).join(', ');

const expired = (entry: AllowEntry) => ({
  code: 'ALLOW_EXPIRED',
  text: `${entry.at}: the entry for ${what(entry)} expired on ${entry.expires}: ${entry.reason}`,
  hint: `Look whether it still holds (${entry.link}); then give it a later day, or take it out.`,
});

const unused = (entry: AllowEntry) => ({
  code: 'ALLOW_UNUSED',
  text: `${entry.at}: nothing needed the entry for ${what(entry)}.`,
  hint: 'Take it out, or narrow it down, if the trouble is over.',
});
