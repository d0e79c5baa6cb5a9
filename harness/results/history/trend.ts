/** What a cell's past says: since when it is bad, how often it contradicts itself, how long it takes. Pure. */
import type { CellId } from '../../core/events.ts';
import { weigh, type Outcome } from '../../core/outcome.ts';
import { durationOf, outcomeOf, ranOf } from './packed.ts';
import { verdictAt, type CellPast, type StoredRun, type StoredVerdict } from './read.ts';

export interface CellTrend {
  /** Of the cell in this history. */
  readonly id: number;
  readonly cell: CellId;
  /** The last ones asked for, oldest first. */
  readonly recent: readonly StoredVerdict[];
  /** The newest verdict of a probe that ran. */
  readonly latest: StoredVerdict | null;
  /** The first run of the bad spell that still lasts; null while it is good. */
  readonly badSince: StoredRun | null;
  /** The run just before that one; null where it never was good. */
  readonly lastGood: StoredRun | null;
  readonly flakes: Flakes;
  readonly medianMs: number | null;
}

/** Of runs on the same build: how many gave another outcome than most of them. */
export interface Flakes {
  readonly odd: number;
  readonly of: number;
}

const isBad = (outcome: Outcome): boolean => weigh(outcome) === 'bad' || weigh(outcome) === 'undecided';

/** @param last how many of the newest verdicts to show and to count flakes in; a bad spell is followed to its start */
export function trendOf(past: CellPast, last: number): CellTrend {
  const { words, runs } = past;
  const from = Math.max(0, words.length - last);
  const spell = badSpell(past);
  return {
    id: past.id,
    cell: past.cell,
    recent: words.slice(from).flatMap((_, index) => verdictAt(past, from + index) ?? []),
    latest: verdictAt(past, spell.latest),
    badSince: runs[spell.first] ?? null,
    lastGood: runs[spell.before] ?? null,
    flakes: flakesOf(past, last),
    medianMs: medianOf(past, last),
  };
}

/** Places of the newest verdict that counts, of the first bad one in a row up to it, and of the good one before: -1 for none. */
function badSpell({ words }: CellPast): { latest: number; first: number; before: number } {
  const latest = words.findLastIndex(ranOf);
  let first = -1;
  for (let at = latest; at >= 0; at -= 1) {
    const word = words[at] ?? 0;
    if (!ranOf(word)) continue;
    if (!isBad(outcomeOf(word))) return { latest, first, before: first === -1 ? -1 : at };
    first = at;
  }
  return { latest, first, before: -1 };
}

/** Verdicts can contradict each other only on the same build; a single one contradicts nothing, unless it says so itself. */
export function flakesOf({ words, builds }: CellPast, last: number): Flakes {
  const counts = new Map<number, Counted>();
  for (let at = Math.max(0, words.length - last); at < words.length; at += 1) {
    const word = words[at] ?? 0;
    const outcome = outcomeOf(word);
    if (!ranOf(word) || outcome === 'not-applicable') continue;
    const build = builds[at] ?? -1;
    let own = counts.get(build);
    if (own === undefined) counts.set(build, (own = { all: 0, steady: {} }));
    own.all += 1;
    if (outcome !== 'flaky') own.steady[outcome] = (own.steady[outcome] ?? 0) + 1;
  }
  let odd = 0;
  let of = 0;
  for (const { all, steady } of counts.values()) {
    const most = Math.max(0, ...Object.values(steady));
    if (all === 1 && most === 1) continue;
    odd += all - most;
    of += all;
  }
  return { odd, of };
}

/** Of one build: how many verdicts, and how many of each outcome that is not flaky by itself. */
interface Counted {
  all: number;
  readonly steady: Partial<Record<Outcome, number>>;
}

/** Of the probes that ran, milliseconds; null where none did. */
export function medianOf({ words }: CellPast, last: number): number | null {
  const durations: number[] = [];
  for (let at = Math.max(0, words.length - last); at < words.length; at += 1) {
    const word = words[at] ?? 0;
    if (ranOf(word)) durations.push(durationOf(word));
  }
  return median(durations);
}

export function median(values: readonly number[]): number | null {
  const sorted = Float64Array.from(values).toSorted();
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  if (high === undefined) return null;
  return sorted.length % 2 === 1 ? high : Math.round(((sorted[middle - 1] ?? high) + high) / 2);
}
