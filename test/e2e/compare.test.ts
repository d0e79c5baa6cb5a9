/** A real kernel against the same with one patch more: what broke is named and how sure that is, what did not is let go. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../harness/core/paths.ts';
import { ComparisonDocument } from '../../harness/results/comparison.ts';
import { mmapvet } from './mmapvet.ts';

/** The kernel that the mutants and the fixtures are made for. */
const KERNEL = 'deb:linux-source-7.3';

async function compare(patch: string) {
  const what = [
    '--target',
    'x86_64',
    '--clause',
    'A01,E02',
    '--path',
    'direct',
    '--patch',
    join(PROJECT, 'test', patch),
  ];
  const { code, stdout, stderr } = await mmapvet('compare', ...what, '--reporter', 'list,json', '--kernel', KERNEL);
  if (stdout === '') throw new Error(`no comparison (exit ${code}):\n${stderr}`);
  return { code, document: ComparisonDocument.parse(JSON.parse(stdout)), list: stderr };
}

const outcomesOf = (runs: readonly { readonly outcome: string }[]): string[] => [
  ...new Set(runs.map(({ outcome }) => outcome)),
];

test('a patch that breaks a clause is a regression in that one, at one chance in 200 at most', async () => {
  const { code, document, list } = await compare('mutants/no-unmap.patch');
  expect(document.cells.map(({ clause, change }) => [clause, change])).toEqual([
    ['A01', 'still-passing'],
    ['E02', 'regression'],
  ]);
  const regression = document.cells[1]!;
  expect([outcomesOf(regression.runs.base), outcomesOf(regression.runs.patched)]).toEqual([['pass'], ['fail']]);
  expect(regression.chance).toBeLessThanOrEqual(1 / 200);
  expect(document).toMatchObject({ decision: 'regression', exitCode: 1, unequal: [] });
  expect(list).toMatch(/✗ regression {2}E02 direct x86_64/);
  expect(list).toContain('at least 99.5 % sure');
  expect(code).toBe(1);
});

test('an innocent patch is no regression; the function that it makes smaller is told', async () => {
  const { code, document, list } = await compare(
    'fixtures/patches/0002-mm-util-store-the-private-data-without-looking-first.patch',
  );
  expect(document.cells.map(({ change }) => change)).toEqual(['still-passing', 'still-passing']);
  expect(document).toMatchObject({ decision: 'no-regression', unequal: [], newSplats: [], notes: [] });
  const [target] = document.sizes;
  expect(target?.changes.every(({ before, after }) => after < before)).toBe(true);
  expect(target?.changes.length).toBeGreaterThan(0);
  // The base is what it was: its verdicts are known.
  expect(document.base.stored).toEqual([expect.stringContaining('x86_64')]);
  expect(list).toContain('No regression.');
  expect(code).toBe(0);
});
