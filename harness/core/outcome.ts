/**
 * The one taxonomy of verdicts. Every report format is a mapping of it; no other file may invent an outcome.
 */
export const OUTCOMES = [
  'pass',
  'fail',
  'changed',
  'fault',
  'vacuous',
  'error',
  'not-applicable',
  'flaky',
  'known',
] as const;

export type Outcome = (typeof OUTCOMES)[number];

export type Counts = Readonly<Record<Outcome, number>>;

/** What an outcome says about the run: good, the kernel is wrong, we can't tell, or nothing was asked. */
export type Weight = 'good' | 'bad' | 'undecided' | 'neutral';

export function weigh(outcome: Outcome): Weight {
  switch (outcome) {
    case 'pass':
    case 'changed':
    case 'known':
      return 'good';
    case 'fail':
    case 'fault':
    case 'flaky':
      return 'bad';
    case 'vacuous':
    case 'error':
      return 'undecided';
    case 'not-applicable':
      return 'neutral';
  }
}

export function countOutcomes(outcomes: Iterable<Outcome>): Counts {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  for (const outcome of outcomes) counts[outcome] += 1;
  return counts;
}

export const EXIT = { good: 0, bad: 1, undecided: 2, usage: 64, interrupted: 130 } as const;

export interface RunFacts {
  readonly counts: Counts;
  /** The kernel faulted outside of any cell, while booting for example. */
  readonly kernelFault: boolean;
  /** A target gave no verdict, a build failed, or our own side broke. */
  readonly trouble: boolean;
  readonly interrupted: boolean;
  /** `--strict`: a changed X clause is bad too. */
  readonly strict: boolean;
}

/** The exit code of a run. A bad kernel outweighs trouble: what was found stays found. */
export function exitCode(facts: RunFacts): number {
  const { counts } = facts;
  if (facts.interrupted) return EXIT.interrupted;
  const bad = counts.fail + counts.fault + counts.flaky + (facts.strict ? counts.changed : 0);
  if (bad > 0 || facts.kernelFault) return EXIT.bad;
  if (facts.trouble || counts.vacuous + counts.error > 0) return EXIT.undecided;
  return counts.pass > 0 ? EXIT.good : EXIT.undecided;
}
