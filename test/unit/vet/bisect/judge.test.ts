import { expect, test } from 'vitest';
import type { Cell } from '../../../../harness/core/events.ts';
import type { Outcome } from '../../../../harness/core/outcome.ts';
import { addRuns, judge, runsOf } from '../../../../harness/vet/bisect/judge.ts';

function cell(outcome: Outcome, repeats: readonly Outcome[] = [], more: Partial<Cell> = {}): Cell {
  return {
    clause: 'F01',
    path: 'direct',
    target: 'x86_64',
    profile: 'base',
    outcome,
    ran: true,
    reason: `it is ${outcome}`,
    observers: { driver: [], user: [] },
    durationMs: 1,
    repeats: repeats.map((each) => ({ outcome: each, reason: `it is ${each}` })),
    log: [],
    evidence: null,
    faults: [],
    ...more,
  };
}

test('each run counts: shown, not shown, or silent', () => {
  expect(runsOf(cell('flaky', ['pass', 'fail', 'error', 'fault', 'vacuous']))).toEqual({
    name: 'F01.direct x86_64',
    shown: 2,
    runs: 3,
    silent: 2,
    reason: 'it is fail',
  });
  expect(runsOf(cell('pass'))).toMatchObject({ shown: 0, runs: 1, silent: 0, reason: '' });
  expect(runsOf(cell('not-applicable'))).toMatchObject({ runs: 0, silent: 1, reason: 'it is not-applicable' });
});

test('a kernel that does not boot says nothing of the clause', () => {
  expect(runsOf(cell('fault', [], { ran: false }))).toMatchObject({ shown: 0, runs: 0, silent: 1 });
});

test('known trouble is what it is without its entry', () => {
  const known = { entry: 'allow.yaml:1', outcome: 'fail', reason: 'broken', link: '', expires: '2030-01-01' } as const;
  expect(runsOf(cell('known', [], { known }))).toMatchObject({ shown: 1, runs: 1, reason: 'broken' });
  expect(runsOf(cell('known', ['known', 'pass'], { known }))).toMatchObject({ shown: 1, runs: 2 });
});

test('bad by one run that shows it, good by enough that do not, else more are needed', () => {
  const good = runsOf(cell('pass', ['pass', 'pass', 'pass']));
  const bad = runsOf(cell('flaky', ['pass', 'fail', 'pass']));
  const silent = runsOf(cell('error', ['pass', 'error', 'pass']));
  expect(judge([good], 3)).toBe('good');
  expect(judge([good], 4)).toBeNull();
  expect(judge([good, bad], 3)).toBe('bad');
  expect(judge([good, silent], 3)).toBeNull();
  expect(judge([], 3)).toBeNull();
  expect(judge([good, addRuns(silent, good)], 3)).toBe('good');
});
