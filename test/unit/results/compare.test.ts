import { describe, expect, test } from 'vitest';
import { OUTCOMES, type Outcome } from '../../../harness/core/outcome.ts';
import {
  cellsToRepeat,
  changeOf,
  compareResults,
  decide,
  unequalTerms,
  type Change,
} from '../../../harness/results/compare.ts';
import { buildResults, type Results } from '../../../harness/results/results.ts';

const EMPTY = buildResults([]);
type Cell = Results['cells'][number];
type Fault = Cell['faults'][number];

const cell = (clause: string, outcome: Outcome, more: Partial<Cell> = {}): Cell => ({
  clause,
  path: 'direct',
  target: 'x86_64',
  profile: 'base',
  outcome,
  ran: true,
  reason: '',
  observers: { driver: [], user: [] },
  durationMs: 1,
  repeats: [],
  evidence: null,
  faults: [],
  ...more,
});
const results = (cells: Cell[], more: Partial<Results> = {}): Results => ({ ...EMPTY, cells, ...more });
const fault = (title: string): Fault => ({ class: 'warning', title, lines: [] });

/** Rows are the base, columns the patched kernel, in the order of OUTCOMES. */
const TABLE: Readonly<Record<Outcome, Readonly<Record<Outcome, Change>>>> = (() => {
  const row = (pass: Change, changed: Change, red: Change, none: Change): Record<Outcome, Change> => ({
    pass,
    changed,
    fail: red,
    fault: red,
    flaky: red,
    known: red,
    'not-applicable': none,
    vacuous: 'inconclusive',
    error: 'inconclusive',
  });
  const undecided = row('inconclusive', 'inconclusive', 'inconclusive', 'inconclusive');
  const red = row('fixed', 'fixed', 'still-failing', 'no-longer-applicable');
  return {
    pass: row('still-passing', 'changed', 'regression', 'no-longer-applicable'),
    changed: row('changed', 'still-passing', 'regression', 'no-longer-applicable'),
    fail: red,
    fault: red,
    known: red,
    flaky: row('inconclusive', 'inconclusive', 'still-failing', 'no-longer-applicable'),
    'not-applicable': row('newly-applicable', 'newly-applicable', 'newly-applicable', 'not-applicable'),
    vacuous: undecided,
    error: undecided,
  };
})();

describe('what a pair of outcomes means', () => {
  test.each(OUTCOMES.flatMap((base) => OUTCOMES.map((patched) => [base, patched] as const)))(
    '%s, then %s',
    (base, patched) => {
      expect(changeOf({ outcome: base, reason: '' }, { outcome: patched, reason: '' })).toBe(TABLE[base][patched]);
    },
  );

  test('a recorded behaviour that differs in another way; a cell that one side lacks', () => {
    expect(changeOf({ outcome: 'changed', reason: 'a' }, { outcome: 'changed', reason: 'b' })).toBe('changed');
    expect(changeOf(null, { outcome: 'pass', reason: '' })).toBe('inconclusive');
    expect(changeOf({ outcome: 'pass', reason: '' }, null)).toBe('inconclusive');
  });
});

describe('two runs', () => {
  test('cells are paired by clause, path, target and profile', () => {
    const base = results([cell('A01', 'pass'), cell('E02', 'pass'), cell('E02', 'fail', { target: 'arm64' })]);
    const patched = results([
      cell('E02', 'pass', { target: 'arm64' }),
      cell('E02', 'fail', { reason: 'r' }),
      cell('A01', 'pass'),
    ]);
    const { cells, counts } = compareResults(base, patched);
    expect(cells.map(({ clause, target, change }) => `${clause} ${target} ${change}`)).toEqual([
      'A01 x86_64 still-passing',
      'E02 x86_64 regression',
      'E02 arm64 fixed',
    ]);
    expect(cells[1]).toMatchObject({ base: { outcome: 'pass' }, patched: { outcome: 'fail', reason: 'r' } });
    expect(counts).toMatchObject({ regression: 1, fixed: 1, 'still-passing': 1, inconclusive: 0 });
  });

  test('new and gone splats, each once, with every place; those that a clause provokes are none', () => {
    const base = results([cell('A01', 'fault', { faults: [fault('old')] })]);
    const patched = results(
      [
        cell('A01', 'fault', { faults: [fault('new'), fault('new')] }),
        cell('I01', 'pass', { faults: [fault('provoked')] }),
      ],
      { kernelFaults: [{ target: 'arm64', during: 'boot', fault: fault('new') }] },
    );
    const { newSplats, goneSplats } = compareResults(base, patched);
    expect(newSplats).toEqual([
      { id: 'warning: new', title: 'new', where: ['x86_64 A01.direct', 'arm64 boot'], sure: true },
    ]);
    expect(goneSplats.map(({ title }) => title)).toEqual(['old']);
  });
});

describe('the decision', () => {
  const decided = (base: Outcome, patched: Outcome, allowRemoved = false) =>
    decide(
      compareResults(
        results([cell('A01', base), cell('A02', 'pass')]),
        results([cell('A01', patched), cell('A02', 'pass')]),
      ),
      allowRemoved,
    );

  test.each<[Outcome, Outcome, ReturnType<typeof decide>]>([
    ['pass', 'pass', 'no-regression'],
    ['fail', 'pass', 'no-regression'],
    ['fail', 'fail', 'no-regression'],
    ['pass', 'changed', 'no-regression'],
    ['not-applicable', 'pass', 'no-regression'],
    ['not-applicable', 'fail', 'regression'],
    ['pass', 'fault', 'regression'],
    ['pass', 'not-applicable', 'regression'],
    ['pass', 'error', 'undecided'],
    ['vacuous', 'pass', 'undecided'],
  ])('%s, then %s: %s', (base, patched, expected) => {
    expect(decided(base, patched)).toBe(expected);
  });

  test('what is removed may be allowed; a regression outweighs what is undecided; nothing compared is undecided', () => {
    expect(decided('pass', 'not-applicable', true)).toBe('no-regression');
    const mixed = compareResults(
      results([cell('A01', 'pass'), cell('A02', 'pass')]),
      results([cell('A01', 'fail'), cell('A02', 'error')]),
    );
    expect(decide(mixed)).toBe('regression');
    expect(decide(compareResults(EMPTY, EMPTY))).toBe('undecided');
  });

  test('a new splat outside of any cell is a regression', () => {
    const base = results([cell('A01', 'pass')]);
    const patched = { ...base, kernelFaults: [{ target: 'x86_64', during: 'boot', fault: fault('new') }] };
    expect(decide(compareResults(base, patched))).toBe('regression');
  });
});

describe('fresh runs of what differs', () => {
  const runs = (...outcomes: readonly Outcome[]) => outcomes.map((outcome) => ({ outcome, reason: '' }));
  const again = (base: readonly Outcome[], patched: readonly Outcome[]) => ({
    base: results([cell('A01', 'pass', { repeats: runs(...base) })]),
    patched: results([cell('A01', 'fail', { repeats: runs(...patched) })]),
  });
  const compared = (base: readonly Outcome[], patched: readonly Outcome[]) =>
    compareResults(results([cell('A01', 'pass')]), results([cell('A01', 'fail')]), again(base, patched)).cells[0];

  test.each<[readonly Outcome[], readonly Outcome[], string]>([
    [['pass', 'pass', 'pass'], ['fail', 'fail', 'fail'], 'regression'],
    // Seldom, but more often than chance has it.
    [['pass', 'pass', 'pass'], ['fail', 'pass', 'fail'], 'inconclusive'],
    [['pass', 'pass', 'pass'], ['pass', 'pass', 'pass'], 'inconclusive'],
    [['fail', 'pass', 'fail'], ['fail', 'fail', 'fail'], 'still-failing'],
    [['pass', 'pass', 'pass'], ['fault', 'pass', 'pass'], 'regression'],
  ])('base %s, patched %s: %s', (base, patched, change) => {
    expect(compared(base, patched)?.change).toBe(change);
  });

  test('cells that one kernel never came to are not run again; a lone splat has all cells of its target run again', () => {
    const pair = { base: results([cell('A01', 'pass'), cell('A02', 'pass')]), patched: results([cell('A01', 'fail')]) };
    const names = (patched: Results): string[] =>
      cellsToRepeat(compareResults(pair.base, patched), { base: pair.base, patched }).map(({ clause }) => clause);
    expect(names(pair.patched)).toEqual(['A01']);
    const stuck = results([cell('A01', 'fault', { ran: false }), cell('A02', 'fault', { ran: false })]);
    expect(names(stuck)).toEqual([]);
    const splat = { target: 'x86_64', during: 'between probes', fault: fault('lone') };
    const same = { ...pair.base, kernelFaults: [splat] };
    expect(names(same)).toEqual(['A01', 'A02']);
    const once = compareResults(pair.base, same, pair);
    expect(once.newSplats).toMatchObject([{ title: 'lone', sure: false }]);
    expect(decide(compareResults(pair.base, same, { base: pair.base, patched: pair.base }))).toBe('undecided');
    expect(decide(compareResults(pair.base, same, { base: pair.base, patched: same }))).toBe('regression');
  });
});

test('terms that are not equal are named', () => {
  const build = {
    target: 'x86_64',
    profile: 'base',
    key: 'k',
    compiler: 'gcc 14',
    configHash: 'c',
    release: '7.3',
    reused: true,
  };
  const base = results([], { tool: 'mmapvet 1', builds: [build], targets: [{ name: 'x86_64', accel: 'kvm' }] });
  expect(unequalTerms(base, { ...base, builds: [{ ...build, key: 'other', release: '7.4' }] })).toEqual([]);
  const other = {
    ...base,
    tool: 'mmapvet 2',
    builds: [{ ...build, compiler: 'gcc 15', configHash: 'd' }],
    targets: [{ name: 'x86_64', accel: 'tcg' }],
  };
  expect(unequalTerms(base, other)).toEqual([
    'mmapvet: "mmapvet 1" against "mmapvet 2"',
    'x86_64: accelerator: "kvm" against "tcg"',
    'x86_64: compiler: "gcc 14" against "gcc 15"',
    'x86_64: config: "c" against "d"',
  ]);
  expect(unequalTerms(base, { ...base, builds: [] })).toEqual(['x86_64: only the base was built']);
});
