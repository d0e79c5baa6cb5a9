import { describe, expect, it } from 'vitest';
import { buildResults, type Results } from '../../../harness/results/results.ts';
import { interruptedLines, nightExitCode, nightSummary, type NightCell } from '../../../harness/vet/nightly/summary.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';

const results = (name: string, change: Partial<Results> = {}): Results => ({
  ...buildResults(SCENARIOS[name]?.() ?? []),
  ...change,
});
const cell = (id: string, change: Partial<NightCell> = {}): NightCell => {
  const [kernel = '', target = '', profile = ''] = id.split('/');
  return {
    job: { id, kernel, target, profile, weightMs: 1000 },
    results: null,
    exitCode: null,
    before: null,
    ...change,
  };
};
const summary = (...cells: readonly NightCell[]): string => nightSummary('Night of 2026-11-26', cells).join('\n');

it('a night that is broken off goes on in its own folder, whatever day it is by then', () => {
  const cells = [results('pass'), results('vacuous'), results('fail'), null].map((each) => ({ results: each }));
  expect(interruptedLines(cells, ['--cell', '7.3/*'], { path: '/nights/2026-11-26', named: false })).toEqual([
    'Interrupted: 2 of 4 cells are done, in /nights/2026-11-26',
    "Go on with: scripts/nightly --folder /nights/2026-11-26 --cell '7.3/*'",
  ]);
});

describe('the summary of a night', () => {
  it('tells every cell: good, bad, undecided, not run', () => {
    const text = summary(
      cell('7.3/x86_64/base', { results: results('pass') }),
      cell('7.3/arm64/base', { results: results('fail') }),
      cell('7.2/x86_64/base', { results: results('vacuous') }),
      cell('7.2/arm64/base', { exitCode: 64 }),
      cell('7.2/arm64/asan'),
    );
    expect(text).toContain('5 cells of the matrix, 1 good, 1 bad, 3 undecided.');
    expect(text).toMatch(/\| 7\.3\/x86_64\/base \| good \| 2 pass \|/);
    expect(text).toMatch(/\| 7\.3\/arm64\/base \| \*\*bad\*\* \| .*1 fail/);
    expect(text).toMatch(/\| 7\.2\/x86_64\/base \| undecided \(exit 2\) \|/);
    expect(text).toContain('| 7.2/arm64/base | no results (exit 64) |  |  |');
    expect(text).toContain('| 7.2/arm64/asan | not run |  |  |');
    expect(text).toContain('There is none.');
  });

  it('says what changed against the last night, clause by clause, and whether the kernel did', () => {
    const text = summary(cell('7.3/x86_64/base', { results: results('fail'), before: results('pass') }));
    expect(text).toMatch(/- 7\.3\/x86_64\/base, on the same kernel\n/);
    expect(text).toMatch(/exit 0 → 1/);
    expect(summary(cell('a/b/c', { results: results('pass'), before: results('pass') }))).toContain('Nothing changed.');
    expect(summary(cell('a/b/c', { before: results('pass') }))).toContain('- a/b/c: not run; it was good');
  });

  it('notices a kernel that changed while the night went on', () => {
    const kernel = { ...results('pass').kernel!, version: '7.3.5' };
    const one = cell('7.3/x86_64/base', { results: results('pass') });
    expect(summary(one, cell('7.3/arm64/base', { results: results('pass', { kernel }) }))).toContain(
      'It changed while the night went on.',
    );
    expect(summary(one, one)).not.toContain('It changed');
  });
});

it('a night is bad if a cell is, and good only if all are', () => {
  const [good, bad, open] = ['pass', 'fail', 'vacuous'].map((name) => cell('a/b/c', { results: results(name) }));
  expect(nightExitCode([good!, good!])).toBe(0);
  expect(nightExitCode([good!, open!])).toBe(2);
  expect(nightExitCode([open!, bad!, cell('a/b/c')])).toBe(1);
  expect(nightExitCode([good!, cell('a/b/c')])).toBe(2);
  expect(nightExitCode([])).toBe(2);
});
