import { expect, test } from 'vitest';
import type { Outcome } from '../../../harness/core/outcome.ts';
import { killMatrix } from '../../../harness/results/kills.ts';
import type { Results } from '../../../harness/results/results.ts';
import { cell } from '../../fixtures/events/stream.ts';

type Run = Pick<Results, 'cells' | 'builds' | 'targets'>;

function run(outcomes: Readonly<Record<string, Outcome>>, built = true): Run {
  const cells = Object.entries(outcomes).map(([name, outcome]) => {
    const [clause = '', path = ''] = name.split('.');
    const { log: _log, ...rest } = cell({ clause, path, target: 'x86_64', profile: 'base' }, { outcome });
    return rest;
  });
  const build = {
    target: 'x86_64',
    profile: 'base',
    key: '0',
    compiler: '',
    configHash: '',
    release: '',
    reused: false,
  };
  return { cells, builds: built ? [build] : [], targets: [{ name: 'x86_64', accel: 'tcg' }] };
}

const BASE = run({
  'A01.direct': 'pass',
  'A01.W1': 'pass',
  'E02.direct': 'pass',
  'E05.direct': 'fail',
  'O01.direct': 'not-applicable',
});
const same: Readonly<Record<string, Outcome>> = {
  'A01.direct': 'pass',
  'A01.W1': 'pass',
  'E02.direct': 'pass',
  'E05.direct': 'fail',
};

test('what holds on the sound kernel and not on the mutant is a kill; the rest says nothing', () => {
  const { mutants, clauses, notJudged } = killMatrix(BASE, [
    { name: 'skip', results: run({ ...same, 'A01.W1': 'fault', 'E02.direct': 'error' }), why: '' },
    { name: 'harmless', results: run(same), why: '' },
  ]);
  expect(mutants).toEqual([
    {
      name: 'skip',
      state: 'killed',
      reason: '',
      kills: [{ clause: 'A01', path: 'W1', target: 'x86_64', outcome: 'fault' }],
      noticed: [{ clause: 'E02', path: 'direct', target: 'x86_64', outcome: 'error' }],
    },
    { name: 'harmless', state: 'survived', reason: '', kills: [], noticed: [] },
  ]);
  expect(clauses).toEqual([
    { id: 'A01', killers: ['skip'] },
    { id: 'E02', killers: [] },
  ]);
  expect(notJudged).toEqual(['E05', 'O01']);
});

test('a mutant that was not vetted has not survived', () => {
  const states = killMatrix(BASE, [
    { name: 'no build', results: run({}, false), why: '' },
    { name: 'does not apply', results: null, why: 'The patch does not apply.' },
    { name: 'cut off', results: run({ ...same, 'E02.direct': 'error' }), why: '' },
  ]).mutants.map(({ state, reason }) => [state, reason]);
  expect(states).toEqual([
    ['undecided', 'It was not built for x86_64.'],
    ['undecided', 'The patch does not apply.'],
    ['noticed', ''],
  ]);
});
