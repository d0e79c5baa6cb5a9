import { expect, test } from 'vitest';
import type { Cell, KernelIdentity } from '../../../harness/core/events.ts';
import { mergeOptions } from '../../../harness/cli/resume.ts';
import { cellsOfPlan } from '../../../harness/run/cells.ts';
import { planRun, type PlanValues } from '../../../harness/run/plan.ts';
import { differences, isOver, planResume, restOf } from '../../../harness/run/resume.ts';
import { cell, FOLDER, KERNEL, Stream } from '../../fixtures/events/stream.ts';

const VALUES: PlanValues = { target: ['x86_64'], clause: ['A01,A02'], path: ['direct'] };
const id = (clause: string, target = 'x86_64') => ({ clause, path: 'direct', target, profile: 'base' });

function stored(
  cells: readonly Cell[],
  planned: readonly [string, string][] = [
    ['A01', 'direct'],
    ['A02', 'direct'],
  ],
) {
  const stream = new Stream().start({ cells: planned });
  stream.emit({
    kind: 'build',
    build: { target: 'x86_64', profile: 'base', key: 'k', compiler: 'gcc', configHash: '', release: '', reused: false },
  });
  for (const each of cells) stream.emit({ kind: 'cell', cell: each });
  return { folder: FOLDER, events: stream.events, problems: [] };
}

function taken(cells: readonly Cell[], more: PlanValues = {}): string[] {
  const plan = planRun({ ...VALUES, ...more });
  return planResume(stored(cells), plan, cellsOfPlan(plan)).cells.map(({ clause }) => clause);
}

const run = (outcome: Cell['outcome']) => ({ outcome, reason: '' });

test.each<[string, Partial<Cell>, PlanValues, boolean]>([
  ['a pass', {}, {}, true],
  ['a fault', { outcome: 'fault' }, {}, true],
  ['an error', { outcome: 'error' }, {}, false],
  [
    'a cell whose event never happened',
    { outcome: 'vacuous', repeats: [run('vacuous'), run('vacuous'), run('vacuous')] },
    {},
    false,
  ],
  ['a fail that was confirmed', { outcome: 'fail', repeats: [run('fail'), run('fail'), run('fail')] }, {}, true],
  ['a fail that was not confirmed yet', { outcome: 'fail' }, {}, false],
  ['a fail that is not to be confirmed', { outcome: 'fail' }, { confirm: '0' }, true],
  ['a pass that was to be repeated', { repeats: [run('pass'), run('pass')] }, { repeat: '3' }, false],
  ['a cell that does not apply', { outcome: 'not-applicable', ran: false }, {}, true],
])('%s', (_, change, more, stands) => {
  expect(taken([cell(id('A01'), change)], more)).toEqual(stands ? ['A01'] : []);
});

test('of several verdicts on a cell the last counts', () => {
  expect(taken([cell(id('A01')), cell(id('A01'), { outcome: 'error' })])).toEqual([]);
});

test('verdicts on a target whose build is not known do not stand', () => {
  const plan = planRun({ ...VALUES, target: ['x86_64', 'arm64'] });
  const events = new Stream().start({
    targets: ['x86_64', 'arm64'],
    cells: [
      ['A01', 'direct'],
      ['A02', 'direct'],
    ],
  });
  events.emit({ kind: 'cell', cell: cell(id('A01', 'arm64')) });
  const resume = planResume({ folder: FOLDER, events: events.events, problems: [] }, plan, cellsOfPlan(plan));
  expect(resume.cells).toEqual([]);
});

test('what is left of a target, and when nothing is', () => {
  const plan = planRun({ ...VALUES, target: ['x86_64', 'arm64'] });
  const cells = [id('A01'), id('A02')].map((each) => cell(each));
  const resume = { folder: FOLDER, command: [], cwd: '', cells, faults: [], kernel: null, builds: [], notes: [] };
  expect(isOver(restOf(plan, resume, 'x86_64'), 'x86_64')).toBe(true);
  expect(restOf(plan, resume, 'arm64').checks).toEqual(plan.checks);
});

test.each<[string, () => unknown, string]>([
  ['nothing is left', () => taken([cell(id('A01')), cell(id('A02'))]), 'RESUME_DONE'],
  [
    'the catalogue changed',
    () => planResume(stored([], [['A01', 'direct']]), planRun(VALUES), cellsOfPlan(planRun(VALUES))),
    'RESUME_CELLS',
  ],
  ['lines were counted', () => taken([], { coverage: true }), 'RESUME_C'],
])('%s: refused', (_, resume, code) => {
  expect(resume).toThrow(expect.objectContaining({ code: expect.stringContaining(code), blame: 'usage' }));
});

const BUILD = {
  target: 'x86_64',
  profile: 'base',
  key: 'k',
  guestKey: 'g',
  compiler: 'gcc 14',
  configHash: '',
  release: '',
  reused: false,
};
const KEYS = { key: 'k', guestKey: 'g', compiler: 'gcc 14' };
const patched = (subject: string, sha256: string): KernelIdentity => ({
  ...KERNEL,
  series: [{ subject, author: 'x', sha256, file: 'x.patch' }],
});

test.each<[string, KernelIdentity, Partial<typeof KEYS>, string[]]>([
  ['the same', KERNEL, {}, []],
  ['the same files of another commit', { ...KERNEL, commit: 'abc' }, {}, []],
  ['a newer package', { ...KERNEL, version: '7.3.5' }, { key: 'x' }, ['the version was "7.3.4", it is "7.3.5"']],
  ['one patch more', patched('b', '2'), { key: 'x' }, ['there were 0 patches, there are 1 patch']],
  ['another compiler', KERNEL, { key: 'x', compiler: 'gcc 15' }, ['x86_64: the compiler was "gcc 14", it is "gcc 15"']],
  ['an edit', KERNEL, { key: 'x' }, ['x86_64: files of the source, or what is asked of its config, changed']],
  ['another probe', KERNEL, { guestKey: 'x' }, ['x86_64: the driver or the probes changed']],
])('what differs: %s', (_, now, keys, texts) => {
  const found = differences({ kernel: KERNEL, builds: [BUILD] }, now, new Map([['x86_64', { ...KEYS, ...keys }]]));
  expect(found).toEqual(texts);
});

test('what differs: a patch', () => {
  const was = { kernel: patched('a', '1'), builds: [BUILD] };
  expect(differences(was, patched('b', '2'), new Map([['x86_64', { ...KEYS, key: 'x' }]]))).toEqual([
    'patch 1 was "a", it is "b", with other contents',
  ]);
});

test('options: the old ones hold, but for where reports go; the new ones may not contradict them', () => {
  const before = {
    values: { target: ['arm64'], confirm: '0', output: 'old', strict: true, jobs: '2', reporter: ['list'] },
    given: new Set(['target', 'confirm', 'output', 'strict', 'jobs']),
  };
  const none = { target: [], confirm: '2', reporter: [] };
  expect(mergeOptions(before, { values: none, given: new Set() })).toEqual({
    target: ['arm64'],
    confirm: '0',
    strict: true,
    jobs: '2',
    reporter: [],
  });
  expect(mergeOptions(before, { values: { ...none, jobs: '9' }, given: new Set(['jobs']) })).toMatchObject({
    jobs: '9',
  });
  expect(() => mergeOptions(before, { values: { ...none, confirm: '1' }, given: new Set(['confirm']) })).toThrow(
    '"--confirm 1" does not fit the run that is gone on with, which has --confirm 0.',
  );
});
