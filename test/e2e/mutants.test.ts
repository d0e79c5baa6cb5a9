import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../harness/core/paths.ts';
import { groupsFor } from '../../harness/contract/catalogue.ts';
import { redCells, runForResults } from './mmapvet.ts';

const FOLDER = join(PROJECT, 'test/mutants');
const EXPECTED = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Record<string, string[]>;

/** UPDATE_GOLDEN=1 takes what a mutant turns red as what it should: read the diff before it is committed. */
function rewrite(name: string, red: readonly string[]): void {
  const now = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Record<string, readonly string[]>;
  writeFileSync(join(FOLDER, 'expected.json'), `${JSON.stringify({ ...now, [name]: red }, null, 2)}\n`);
}

/**
 * Not groups J and N: on such a kernel their threads wait in vain for minutes, and which of them fails first is no fact of
 * the mutant. The lies of the driver turn them red.
 */
const CLAUSES = groupsFor([])
  .flatMap((group) => group.clauses)
  .map(({ id }) => id)
  .filter((id) => !/^[JN]/.test(id))
  .join(',');

describe('a kernel with one broken promise turns exactly its cells red', () => {
  test.each(Object.entries(EXPECTED))('%s', async (name, cells) => {
    const { code, results } = await runForResults(
      '--target',
      'x86_64',
      '--confirm',
      '0',
      '--clause',
      CLAUSES,
      '--patch',
      join(FOLDER, `${name}.patch`),
    );
    const red = redCells(results);
    const update = process.env['UPDATE_GOLDEN'] === '1';
    if (update) rewrite(name, red);
    expect(red).toEqual(update ? red : cells.toSorted());
    expect(code).toBe(1);
  });
});
