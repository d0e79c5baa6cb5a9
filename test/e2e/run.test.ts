import { expect, test } from 'vitest';
import { CATALOGUE } from '../../harness/contract/catalogue.ts';
import { TARGETS } from '../../harness/core/arch.ts';
import { mmapvet, notPassed, runForResults } from './mmapvet.ts';

const CELLS_A_TARGET = CATALOGUE.flatMap((group) => group.clauses).flatMap((clause) => clause.paths).length;

test('the default kernel, both targets: every cell passes, and nothing is built twice', async () => {
  const first = await runForResults();
  expect(notPassed(first.results)).toEqual([]);
  expect(first.code).toBe(0);
  for (const { name } of TARGETS)
    expect(first.results.cells.filter((cell) => cell.target === name)).toHaveLength(CELLS_A_TARGET);
  for (const cell of first.results.cells) {
    expect(cell.observers.driver.length, `${cell.clause}: the driver's facts`).toBeGreaterThan(0);
    expect(cell.observers.user.length, `${cell.clause}: the user's facts`).toBeGreaterThan(0);
  }

  const second = await runForResults();
  expect(second.code).toBe(0);
  expect(second.results.builds.map((build) => build.key)).toEqual(first.results.builds.map((build) => build.key));
});

test('the probes and the catalogue name the same cells', async () => {
  const { stdout } = await mmapvet('shell', '--target', 'x86_64', '--', '/mmapvet/mmapvet-probes', '--list');
  const listed = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const known = CATALOGUE.flatMap((group) => group.clauses).flatMap((clause) =>
    clause.paths.map((path) => `${clause.id}.${path}\t${clause.title}`),
  );
  expect(listed.toSorted()).toEqual(known.toSorted());
});
