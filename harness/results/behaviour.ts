/** An X clause: what its probe saw, held against what is recorded. */
import type { Clause } from '../contract/clause.ts';
import type { RecordedEntry } from '../contract/recorded.ts';
import type { Behaviour, Fact } from '../core/events.ts';
import type { ProbeFacts } from '../probe/report.ts';

/** null where the probe saw nothing: it broke, or does not apply. */
export function behaviourOf(facts: ProbeFacts | null, recorded: RecordedEntry | null): Behaviour | null {
  const { driver, user } = facts?.observed ?? { driver: [], user: [] };
  if (driver.length + user.length === 0) return null;
  return {
    seen: { driver: [...driver], user: [...user] },
    recorded:
      recorded === null
        ? null
        : {
            driver: [...recorded.driver],
            user: [...recorded.user],
            kernel: recorded.kernel,
            source: recorded.source,
          },
  };
}

/** What one observer saw as facts: good where it is as recorded. */
export function behaviourFacts(side: 'driver' | 'user', behaviour: Behaviour | null): Fact[] {
  if (behaviour === null) return [];
  const recorded = behaviour.recorded?.[side] ?? [];
  const seen = behaviour.seen[side];
  return [
    ...seen.map((text, index) => ({ ok: recorded[index] === text, text })),
    ...recorded.slice(seen.length).map((text) => ({ ok: false, text: `not seen, but recorded: ${text}` })),
  ];
}

/**
 * What only the driver's log says otherwise is a change for `driver-only` clauses; for the others the log disagrees with
 * a user space that saw nothing new. @returns null where all is as recorded
 */
export function compareBehaviour(
  clause: Clause,
  { seen, recorded }: Behaviour,
): { readonly outcome: 'changed' | 'error'; readonly reason: string } | null {
  if (recorded === null) {
    const said = [...seen.driver, ...seen.user].join('; ');
    return { outcome: 'changed', reason: `nothing is recorded of this cell; seen: ${said}` };
  }
  const driver = newIn(seen.driver, recorded.driver);
  const user = newIn(seen.user, recorded.user);
  const gone = [...newIn(recorded.driver, seen.driver), ...newIn(recorded.user, seen.user)];
  if (driver.length + user.length + gone.length === 0) return null;
  if (clause.observers === 'two' && user.length === 0 && newIn(recorded.user, seen.user).length === 0)
    return {
      outcome: 'error',
      reason: `the observers disagree: the driver saw ${driver.join('; ')}; user space saw what is recorded`,
    };
  const news = [...driver, ...user].join('; ');
  return { outcome: 'changed', reason: `recorded on Linux ${recorded.kernel}: ${gone.join('; ')}; seen: ${news}` };
}

const newIn = (lines: readonly string[], others: readonly string[]): string[] =>
  lines.filter((line, index) => line !== others[index]);
