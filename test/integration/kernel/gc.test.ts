import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { chooseVictims, measureCache, removeEntries } from '../../../harness/kernel/gc.ts';
import { usedEntries } from '../../../harness/kernel/usage.ts';

let folder: string;
let cache: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-gc-'));
  cache = join(folder, 'mmapvet');
  vi.stubEnv('XDG_CACHE_HOME', folder);
  for (const [name, day] of [
    ['kernels/old', 1],
    ['snapshots/new', 2],
  ] as const) {
    await mkdir(join(cache, name), { recursive: true });
    await writeFile(join(cache, name, 'file'), Buffer.alloc(100_000, 1));
    await utimes(join(cache, name), day, day);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Another process that uses an entry until its standard input ends. */
async function useElsewhere(name: string) {
  const script = `const { findEntry } = await import(process.argv[1]); console.log(findEntry(...process.argv[2].split('/'))); process.stdin.resume();`;
  const child = spawn(
    [process.execPath, '--input-type=module', '-e', script, join(PROJECT, 'harness/kernel/cache.ts'), name],
    { stdin: 'pipe', reject: false, env: { XDG_CACHE_HOME: folder } },
  );
  await new Promise((done) => child.stdout?.once('data', done));
  return { child };
}

test('the oldest goes first, and nothing is left half removed', async () => {
  const use = await measureCache();
  expect(use.entries.map(({ name }) => name)).toEqual(['kernels/old', 'snapshots/new']);
  expect(use.bytes).toBeGreaterThan(200_000);
  const gone = await removeEntries(chooseVictims(use, use.bytes - 1));
  expect(gone.map(({ name }) => name)).toEqual(['kernels/old']);
  expect(await readdir(join(cache, 'kernels'))).toEqual([]);
  expect(await readdir(join(cache, 'snapshots'))).toEqual(['new']);
  expect((await readdir(cache)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('what a living process uses stays; when it is dead, it is fair game', async () => {
  const { child } = await useElsewhere('kernels/old');
  const before = await measureCache();
  expect(before.entries.find(({ name }) => name === 'kernels/old')).toMatchObject({ inUse: true });
  expect(chooseVictims(before, 0).map(({ name }) => name)).toEqual(['snapshots/new']);
  child.kill('SIGKILL');
  await child;
  expect(await usedEntries()).toEqual(new Set());
});

test('an entry that is taken between the choice and the removal is put back', async () => {
  const victims = chooseVictims(await measureCache(), 0).filter(({ name }) => name === 'kernels/old');
  const { child } = await useElsewhere('kernels/old');
  expect(await removeEntries(victims)).toEqual([]);
  expect(await readdir(join(cache, 'kernels'))).toEqual(['old']);
  child.stdin?.end();
  await child;
});
