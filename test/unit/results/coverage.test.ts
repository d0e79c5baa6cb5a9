import { expect, test } from 'vitest';
import type { ChangedLine } from '../../../harness/kernel/changed.ts';
import type { FileCounts } from '../../../harness/probe/gcov.ts';
import { addCounts, changedCounts, coverageOf, lcovText, type Runs } from '../../../harness/results/coverage.ts';

const TEXT = `int f(int a,
      int b)
{
	int error;

	error = prepare(a,
			b);	/* goes on */
	/* why */
	if (error)
		return fail(error,
			    b);
	return 0;
}

int g(void)
{
	return 1;
}`.split('\n');

const counts = (lines: Readonly<Record<number, number>>): FileCounts => ({
  file: 'mm/util.c',
  lines: Object.entries(lines).map(([line, count]) => ({ line: Number(line), count })),
  functions: [
    { name: 'f.isra.0', from: 1, to: 13, count: lines[1] ?? 0 },
    { name: 'g', from: 15, to: 18, count: lines[15] ?? 0 },
  ],
});

function runs(): Runs {
  const all: Runs = new Map();
  addCounts(all, { clause: 'background', files: [counts({ 1: 1, 6: 1, 9: 1, 10: 0, 12: 1, 15: 0, 17: 0 })] });
  addCounts(all, { clause: 'E02', files: [counts({ 1: 3, 6: 3, 9: 3, 10: 2, 12: 1, 15: 0, 17: 0 })] });
  addCounts(all, { clause: 'A01', files: [counts({ 1: 4, 6: 4, 9: 4, 10: 0, 12: 4, 15: 0, 17: 0 })] });
  return all;
}

const lines = (...numbers: readonly number[]): ChangedLine[] => numbers.map((line) => ({ line, removal: false }));

const coverage = (changed: readonly ChangedLine[], path = 'mm/util.c') =>
  coverageOf({
    target: 'x86_64',
    profile: 'base-gcov',
    runs: runs(),
    changed: [{ path, lines: changed }],
    text: new Map([[path, TEXT]]),
    contract: new Set(['mm/util.c:f']),
    files: ['mm/util.c'],
    lcov: 'x86_64/coverage.info',
  });

test('a changed line counts where its statement begins; comments, blanks and braces have no code', () => {
  const told = coverage(lines(4, 5, 6, 7, 8, 9, 10, 11)).changed.map(({ from, to, state, clauses, background }) => [
    from,
    to,
    state,
    clauses.join(' '),
    background,
  ]);
  expect(told).toEqual([
    [4, 5, 'no-code', '', false],
    [6, 7, 'run', 'A01 E02', true],
    [8, 8, 'no-code', '', false],
    [9, 9, 'run', 'A01 E02', true],
    [10, 11, 'run', 'E02', false],
  ]);
});

test('a removal is seen by what comes after it, in the same function', () => {
  const [within, end] = coverage([
    { line: 7, removal: true },
    { line: 13, removal: true },
  ]).changed;
  expect(within).toMatchObject({ state: 'run', clauses: ['A01', 'E02'], removal: true });
  expect(end).toMatchObject({ state: 'no-code' });
});

test('what no clause runs is never run, even where any process does', () => {
  const never = coverage(lines(17)).changed;
  expect(never).toMatchObject([{ from: 17, to: 17, state: 'never', background: false }]);
  expect(changedCounts(never)).toEqual({ run: 0, code: 1 });
  expect(coverage(lines(1), 'mm/gone.c').changed).toMatchObject([{ state: 'not-counted' }]);
});

test('functions by their own names, told where the contract or the series names them', () => {
  expect(coverage(lines(17)).functions).toEqual([
    { file: 'mm/util.c', name: 'f', line: 1, lines: 5, run: 5, clauses: 2, told: true },
    { file: 'mm/util.c', name: 'g', line: 15, lines: 2, run: 0, clauses: 0, told: true },
  ]);
  expect(coverage(lines(4)).functions[1]).toMatchObject({ name: 'g', told: false });
});

test('lcov', () => {
  expect(lcovText('arm64-16k', runs())).toBe(`TN:arm64_16k
SF:mm/util.c
FN:1,f
FN:15,g
FNDA:7,f
FNDA:0,g
FNF:2
FNH:1
DA:1,7
DA:6,7
DA:9,7
DA:10,2
DA:12,5
DA:15,0
DA:17,0
LF:7
LH:5
end_of_record
`);
});
