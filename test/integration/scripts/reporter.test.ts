import { execa } from 'execa';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';

const TESTS = {
  'some.test.ts': `
    it('passes', () => {});
    it('fails', () => { throw new Error('no'); });
    it.skip('is skipped', () => {});
    it.todo('is to do');
    describe('nested', () => { it('passes too', () => {}); });`,
  'broken.test.ts': "throw new Error('no test is ever found here');",
};

async function runVitest(env: Readonly<Record<string, string>> = {}): Promise<{ stdout: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-reporter-'));
  for (const [name, text] of Object.entries(TESTS)) await writeFile(join(folder, name), text);
  const words = ['run', '--root', folder, '--globals', '--reporter', join(PROJECT, 'test/reporter.ts')];
  const options = { cwd: folder, env: { MMAPVET_TEST_COUNTS: '', ...env }, reject: false } as const;
  const { stdout } = await execa(
    process.execPath,
    [join(PROJECT, 'node_modules/vitest/vitest.mjs'), ...words],
    options,
  );
  return { stdout, folder };
}

it('ends with the plain line; a file that breaks counts as a failure', async () => {
  const { stdout, folder } = await runVitest();
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('2 passed, 2 failed, 2 skipped');
  await rm(folder, { recursive: true });
});

it('writes it into the file of scripts/test instead', async () => {
  const counts = join(await mkdtemp(join(tmpdir(), 'mmapvet-reporter-')), 'counts');
  const { stdout, folder } = await runVitest({ MMAPVET_TEST_COUNTS: counts });
  expect(stdout).not.toMatch(/\d passed, \d failed/);
  expect(await readFile(counts, 'utf8')).toBe('2 passed, 2 failed, 2 skipped\n');
  await rm(folder, { recursive: true });
});
