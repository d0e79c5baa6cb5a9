/** What a cell's past says: since when it is bad, how often it contradicts itself, how long it takes. Pure. */
import type { CellId } from '../../core/events.ts';
import { OUTCOMES, weigh, type Outcome } from '../../core/outcome.ts';
import { codeOf, durationOf, outcomeOf, ranOf } from './packed.ts';
import { partAt, verdictAt, type CellPast, type StoredRun, type StoredVerdict } from './read.ts';
import { OUTCOME_CODES } from './schema.ts';

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
  const { words } = past;
  const from = Math.max(0, words.length - last);
  const spell = badSpell(past);
  return {
    id: past.id,
    cell: past.cell,
    recent: Array.from(words.subarray(from), (_, index) => verdictAt(past, from + index)).filter(
      (each) => each !== null,
    ),
    latest: verdictAt(past, spell.latest),
    badSince: partAt(past, spell.first)?.run ?? null,
    lastGood: partAt(past, spell.before)?.run ?? null,
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
export function flakesOf(past: CellPast, last: number): Flakes {
  const { words } = past;
  /** Of each build: how many verdicts of each outcome. */
  const builds = new Map<number, Uint32Array>();
  let build = -1;
  let counts: Uint32Array = new Uint32Array(OUTCOMES.length);
  for (let at = Math.max(0, words.length - last); at < words.length; at += 1) {
    const word = words[at] ?? 0;
    const code = codeOf(word);
    if (!ranOf(word) || code === OUTCOME_CODES['not-applicable']) continue;
    const own = partAt(past, at)?.build ?? -1;
    // Mostly many runs in a row have the same build.
    if (own !== build) {
      build = own;
      counts = builds.get(build) ?? new Uint32Array(OUTCOMES.length);
      builds.set(build, counts);
    }
    counts[code] = (counts[code] ?? 0) + 1;
  }
  let odd = 0;
  let of = 0;
  for (const own of builds.values()) {
    const all = own.reduce((sum, count) => sum + count, 0);
    const most = own.reduce((a, b, code) => (code === OUTCOME_CODES.flaky ? a : Math.max(a, b)), 0);
    if (all === 1 && most === 1) continue;
    odd += all - most;
    of += all;
  }
  return { odd, of };
}

/** Of the probes that ran, milliseconds; null where none did. */
export function medianOf({ words }: CellPast, last: number): number | null {
  const durations = scratchOf(words.length);
  let count = 0;
  for (let at = Math.max(0, words.length - last); at < words.length; at += 1) {
    const word = words[at] ?? 0;
    if (ranOf(word)) durations[count++] = durationOf(word);
  }
  return medianOfFirst(durations, count);
}

export function median(values: readonly number[]): number | null {
  const scratch = scratchOf(values.length);
  scratch.set(values);
  return medianOfFirst(scratch, values.length);
}

/** One for all: an array a cell is what the garbage collector would be busy with. */
let scratch = new Float64Array(1024);
function scratchOf(length: number): Float64Array {
  if (scratch.length < length) scratch = new Float64Array(2 * length);
  return scratch;
}

/** Of the first `count` values, which lose their order. */
function medianOfFirst(values: Float64Array, count: number): number | null {
  if (count === 0) return null;
  const middle = count >> 1;
  const high = select(values, middle, count);
  if (count % 2 === 1) return high;
  let low = -Infinity;
  for (let at = 0; at < middle; at += 1) low = Math.max(low, values[at] ?? low);
  return Math.round((low + high) / 2);
}

/**
 * The value that would stand at `place` if the first `count` were sorted; none before it is greater, none behind it less. Sorting all
 * of a thousand runs of a thousand cells takes longer than the rest of a query (Hoare's selection).
 */
function select(values: Float64Array, place: number, count: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] ?? 0;
    let left = low;
    let right = high;
    while (left <= right) {
      while ((values[left] ?? pivot) < pivot) left += 1;
      while ((values[right] ?? pivot) > pivot) right -= 1;
      if (left > right) break;
      const kept = values[left] ?? 0;
      values[left] = values[right] ?? 0;
      values[right] = kept;
      left += 1;
      right -= 1;
    }
    if (place <= right) high = right;
    else if (place >= left) low = left;
    else break;
  }
  return values[place] ?? 0;
}
