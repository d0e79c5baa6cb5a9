import { expect, test } from 'vitest';
import type { Recorded } from '../../../harness/contract/recorded.ts';
import type { Cell } from '../../../harness/core/events.ts';
import { updateRecorded } from '../../../harness/run/update.ts';

const OLD = { kernel: '7.3.4', source: 'mm/util.c:10 f', driver: ['close x1', 'open x0'], user: ['EPERM'] };
const RECORDED: Recorded = { version: 1, cells: { 'E08.direct': [OLD], 'A.other': [OLD] } };
const TARGETS = ['x86_64', 'arm64'];

function cell(target: string, driver: readonly string[], more: Partial<Cell> = {}): Cell {
  return {
    clause: 'E08',
    path: 'direct',
    target,
    profile: 'base',
    outcome: driver.join() === OLD.driver.join() ? 'pass' : 'changed',
    ran: true,
    reason: '',
    observers: { driver: [], user: [] },
    durationMs: 1,
    repeats: [],
    log: [],
    evidence: null,
    faults: [],
    behaviour: { seen: { driver: [...driver], user: ['EPERM'] }, recorded: OLD },
    ...more,
  };
}
const update = (...cells: Cell[]) => updateRecorded(RECORDED, cells, '7.4.1', () => 'mm/util.c:20 f', TARGETS);

test('what is as recorded is left alone', () => {
  const { recorded, diff } = update(cell('x86_64', OLD.driver), cell('arm64', OLD.driver));
  expect(diff).toEqual([]);
  expect(recorded).toEqual(RECORDED);
});

test('what all targets see replaces the entry, and the diff has both', () => {
  const { recorded, diff } = update(cell('x86_64', ['close x0', 'open x0']), cell('arm64', ['close x0', 'open x0']));
  expect(recorded.cells['E08.direct']).toEqual([
    { kernel: '7.4.1', source: 'mm/util.c:20 f', driver: ['close x0', 'open x0'], user: ['EPERM'] },
  ]);
  expect(recorded.cells['A.other']).toEqual([OLD]);
  expect(diff).toEqual([
    'E08.direct (x86_64, arm64): Linux 7.3.4, mm/util.c:10 f → Linux 7.4.1',
    '-   driver: close x1',
    '+   driver: close x0',
    '    driver: open x0',
    '    user: EPERM',
  ]);
});

test('what one target sees becomes an entry for it; the other keeps what was', () => {
  const { recorded } = update(cell('arm64', ['close x0']));
  expect(recorded.cells['E08.direct']).toMatchObject([OLD, { target: 'arm64', driver: ['close x0'] }]);
});

test('an entry for other kernels stays', () => {
  const old = { ...OLD, kernels: '-7.2' };
  const cells = TARGETS.map((target) => cell(target, ['close x0']));
  const { recorded } = updateRecorded(
    { version: 1, cells: { 'E08.direct': [old, OLD] } },
    cells,
    '7.4.1',
    () => '',
    TARGETS,
  );
  expect(recorded.cells['E08.direct']).toMatchObject([old, { kernel: '7.4.1' }]);
});

test('what is broken, known or an error is never recorded', () => {
  for (const outcome of ['error', 'fault', 'known', 'flaky'] as const)
    expect(update(cell('x86_64', ['close x0'], { outcome })).diff).toEqual([]);
});
