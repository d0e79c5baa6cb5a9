/**
 * Known trouble: entries of kernel-config/allow.yaml (contract/allow-file.ts reads it), and when one applies. A red cell
 * that an entry explains is `known`; an entry past its date explains nothing.
 */
import { globToRegExp } from '../core/words.ts';
import type { KernelRange } from './kernel-range.ts';

export interface AllowEntry {
  /** `allow.yaml:12`. */
  readonly at: string;
  /** A clause id or a glob over ids; undefined: any. One of clause and splat is there. */
  readonly clause?: string;
  /** Matches a splat's title, or a line of it. Without it the entry is about the clause's own verdict. */
  readonly splat?: RegExp;
  /** None: any. */
  readonly paths: readonly string[];
  readonly targets: readonly string[];
  /** Undefined: any kernel. */
  readonly kernel?: KernelRange;
  readonly reason: string;
  readonly link: string;
  /** The last day on which it holds, UTC: `2027-06-30`. */
  readonly expires: string;
}

/** Where something red was seen; `clause` and `path` are null outside of any cell. */
export interface Place {
  readonly clause: string | null;
  readonly path: string | null;
  readonly target: string;
  readonly kernelVersion: string;
}

/** The day as the entries write it. */
export const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

export const isExpired = (entry: AllowEntry, today: string): boolean => entry.expires < today;

/** Is the entry about this place at all, whatever happened there? */
export function covers(entry: AllowEntry, place: Place): boolean {
  const { clause, paths, targets, kernel } = entry;
  if (clause !== undefined && (place.clause === null || !globToRegExp(clause).test(place.clause))) return false;
  if (paths.length > 0 && (place.path === null || !paths.includes(place.path))) return false;
  if (targets.length > 0 && !targets.includes(place.target)) return false;
  return kernel === undefined || kernel.has(place.kernelVersion);
}

/** The entry that explains a clause's own verdict: broken, or changed. */
export function allowVerdict(entries: readonly AllowEntry[], place: Place): AllowEntry | null {
  return entries.find((entry) => entry.splat === undefined && covers(entry, place)) ?? null;
}

/** The entry that explains a splat. */
export function allowSplat(
  entries: readonly AllowEntry[],
  place: Place,
  fault: { readonly title: string; readonly lines: readonly string[] },
): AllowEntry | null {
  return (
    entries.find(
      ({ splat, ...entry }) =>
        splat !== undefined && covers(entry, place) && [fault.title, ...fault.lines].some((line) => splat.test(line)),
    ) ?? null
  );
}

/** Why something red is known, for a report. */
export const allowReason = (entry: AllowEntry): string => `${entry.reason} (${entry.link}, until ${entry.expires})`;
