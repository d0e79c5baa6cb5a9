import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../harness/core/paths.ts';
import { redCells, runForResults } from './mmapvet.ts';

const FOLDER = join(PROJECT, 'test/mutants');
const EXPECTED = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Record<string, string[]>;

describe('a kernel with one broken promise turns exactly its cells red', () => {
  test.each(Object.entries(EXPECTED))('%s', async (name, cells) => {
    const { code, results } = await runForResults('--target', 'x86_64', '--patch', join(FOLDER, `${name}.patch`));
    expect(redCells(results)).toEqual(cells.toSorted());
    expect(code).toBe(1);
  });
});
