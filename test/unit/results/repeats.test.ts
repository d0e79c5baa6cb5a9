import { describe, expect, test } from 'vitest';
import type { Cell } from '../../../harness/core/events.ts';
import type { Outcome } from '../../../harness/core/outcome.ts';
import { mergeRepeats } from '../../../harness/results/repeats.ts';

const cell = (outcome: Outcome, reason = ''): Cell => ({
  clause: 'E02',
  path: 'direct',
  target: 'x86_64',
  profile: 'base',
  outcome,
  ran: true,
  reason,
  observers: { driver: [], user: [] },
  durationMs: 1,
  repeats: [],
  log: [`log of ${outcome}`],
  evidence: null,
  faults: [],
});
const run = (outcome: Outcome | 'lost', reason = '') => ({
  cell: cell(outcome === 'lost' ? 'error' : outcome, reason),
  ours: outcome === 'lost',
});
const merged = (...outcomes: readonly (Outcome | 'lost')[]): Cell => {
  // "lost" is an error that is our doing.
  const [first = run('pass'), ...rest] = outcomes.map((outcome) => run(outcome));
  return mergeRepeats([first, ...rest]);
};

describe('what several runs of a cell come to', () => {
  test.each<[readonly (Outcome | 'lost')[], Outcome]>([
    [['pass'], 'pass'],
    [['pass', 'pass'], 'pass'],
    [['fail', 'fail', 'fail'], 'fail'],
    [['fail', 'pass', 'fail'], 'flaky'],
    [['pass', 'vacuous'], 'flaky'],
    [['lost', 'pass'], 'pass'],
    [['lost', 'fail'], 'fail'],
    [['lost', 'lost'], 'error'],
    [['pass', 'error', 'pass'], 'error'],
    [['error', 'fail'], 'flaky'],
    [['error', 'error'], 'error'],
    [['fail', 'fault'], 'fault'],
    [['pass', 'fault', 'error'], 'fault'],
    [['not-applicable', 'not-applicable'], 'not-applicable'],
    [['known', 'pass', 'known'], 'known'],
    [['known', 'fail'], 'flaky'],
  ])('%j is %s', (outcomes, expected) => {
    expect(merged(...outcomes).outcome).toBe(expected);
  });

  test('a single run is left as it is', () => {
    const only = run('fail', 'why');
    expect(mergeRepeats([only])).toBe(only.cell);
  });

  test('all runs are kept, and a flaky cell shows the one that is no pass', () => {
    const flaky = mergeRepeats([run('pass'), run('fail', 'user saw EPERM'), run('pass')]);
    expect(flaky.repeats.map((each) => each.outcome)).toEqual(['pass', 'fail', 'pass']);
    expect(flaky.log).toEqual(['log of fail']);
    expect(flaky.reason).toBe('repeats disagree: 2 pass, 1 fail; user saw EPERM');
  });
});
