/** What a real kernel counts of itself, through debugfs, SSH and gcov. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../harness/core/paths.ts';
import type { Coverage } from '../../harness/core/events.ts';
import { stateFolder } from '../../harness/core/paths.ts';
import { mmapvet, notPassed, runForResults } from './mmapvet.ts';

const FIXTURES = join(PROJECT, 'test/fixtures');

async function coverageOf(patch: string): Promise<Coverage> {
  const words = ['--target', 'x86_64', '--clause', 'A01,E02', '--path', 'direct', '--coverage', '--patch'];
  const { code, results } = await runForResults(...words, join(FIXTURES, patch));
  expect(notPassed(results)).toEqual([]);
  expect(code).toBe(0);
  const [coverage, ...others] = results.coverage ?? [];
  expect(others).toEqual([]);
  return coverage!;
}

test('a line that clauses run is told with them; the LCOV file agrees', async () => {
  const { changed, functions, lcov } = await coverageOf(
    'patches/0002-mm-util-store-the-private-data-without-looking-first.patch',
  );
  expect(changed).toMatchObject([{ file: 'mm/util.c', state: 'run', clauses: ['A01', 'E02'], background: false }]);
  const [range] = changed;
  const text = readFileSync(join(stateFolder(), 'latest', lcov), 'utf8');
  const count = new RegExp(`^DA:${range!.from},(\\d+)$`, 'm').exec(text)?.[1];
  expect(Number(count)).toBeGreaterThan(0);
  const told = functions.filter((each) => each.told && each.run > 0).map(({ name }) => name);
  expect(told).toEqual(expect.arrayContaining(['mmap_action_complete', '__mmap_region']));
});

test('a series that no probe reaches is told so', async () => {
  const { changed } = await coverageOf('coverage/unreached.patch');
  expect(changed.map(({ state }) => state)).toEqual(['no-code', 'never']);
  const { stdout } = await mmapvet('report', 'latest');
  expect(stdout).toContain('No probe of this run reaches the changed line on x86_64');
});
