/**
 * How sure a bisection is. A kernel that shows the fault once is bad; one that does not, in so many runs, may be bad all the
 * same if the fault comes only now and then. Pure.
 */

/** Runs of bad kernels: how many there were, in how many the fault showed. */
export interface Seen {
  readonly shown: number;
  readonly runs: number;
}

/** The most that a good kernel is ever run. */
export const MOST_RUNS = 20;

/** A good kernel may be a bad one that hides with this chance. */
const DOUBT = 0.01;

/** The chance that one run of a bad kernel shows the fault: by Laplace's rule, which never says always. */
export const chanceOf = ({ shown, runs }: Seen): number => (shown + 1) / (runs + 2);

/** So many runs without the fault make a kernel good. @param least at least so many, at most MOST_RUNS */
export function runsNeeded(seen: Seen, least: number): number {
  const wanted = Math.ceil(Math.log(DOUBT) / Math.log(1 - chanceOf(seen)));
  return Math.min(MOST_RUNS, Math.max(least, wanted));
}

/** 1 - (1 - p)^runs: what a verdict of "good" is worth. */
export const certainty = (seen: Seen, runs: number): number => 1 - (1 - chanceOf(seen)) ** runs;

/** The chance that no kernel that was called good is bad. @param goodRuns the runs of each */
export const confidence = (seen: Seen, goodRuns: readonly number[]): number =>
  goodRuns.reduce((all, runs) => all * certainty(seen, runs), 1);

/** `99.7 %`, rounded down: nothing is certain. */
export const percent = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
