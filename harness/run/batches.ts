/** Which cells share a guest, how often each is run, and on what kind of guest. All pure. */
import type { CatalogueCell } from '../contract/catalogue.ts';

export const ISOLATIONS = ['group', 'clause', 'none'] as const;
/** What gets a pristine guest: a clause group, a clause, or a whole target. */
export type Isolation = (typeof ISOLATIONS)[number];

/** `any` is restored from a snapshot where there is one. */
export type GuestKind = 'any' | 'booted';

export interface Batch {
  /** What it holds: `D`, `D04` or `all`. */
  readonly name: string;
  readonly checks: readonly CatalogueCell[];
  readonly guest: GuestKind;
  /** Counts from 1. */
  readonly repeat: number;
}

function shareOf(isolate: Isolation, { clause }: CatalogueCell): string {
  switch (isolate) {
    case 'group':
      return clause.id.charAt(0);
    case 'clause':
      return clause.id;
    case 'none':
      return 'all';
  }
}

/** Every second repeat is on a booted guest: what only a restored machine shows, or hides, must come out. */
export const guestOfRepeat = (repeat: number, booted: boolean): GuestKind =>
  booted || repeat % 2 === 0 ? 'booted' : 'any';

/** @param repeats how often each cell is run, at least once */
export function planBatches(
  checks: readonly CatalogueCell[],
  isolate: Isolation,
  repeats: number,
  booted: boolean,
): Batch[] {
  const shares = Map.groupBy(checks, (check) => shareOf(isolate, check));
  return Array.from({ length: repeats }, (_, index) => index + 1).flatMap((repeat) =>
    [...shares].map(([name, cells]) => ({ name, checks: cells, guest: guestOfRepeat(repeat, booted), repeat })),
  );
}
