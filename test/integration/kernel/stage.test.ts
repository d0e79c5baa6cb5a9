import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stageSources } from '../../../harness/kernel/guest.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-stage-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const OLD = new Date('2020-01-01');

async function checkout(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(folder, name, file, '..'), { recursive: true });
    await writeFile(join(folder, name, file), text);
    await utimes(join(folder, name, file), OLD, OLD);
  }
  return join(folder, name);
}

test('what differs is newer than any object of the files before it, what does not keeps its time', async () => {
  const to = join(folder, 'staged');
  await stageSources(await checkout('one', { 'a.c': 'a', 'features/b.c': 'b', 'gone.c': 'x', 'a.o': 'no source' }), to);
  for (const file of ['a.c', 'features/b.c']) await utimes(join(to, file), OLD, OLD);
  const between = Date.now() - 1000;

  // Another checkout, whose files are as old: by time alone make would see nothing new.
  await stageSources(await checkout('two', { 'a.c': 'A', 'features/b.c': 'b' }), to);
  expect((await stat(join(to, 'a.c'))).mtimeMs).toBeGreaterThan(between);
  expect((await stat(join(to, 'features/b.c'))).mtime).toEqual(OLD);
  expect((await readdir(to)).toSorted()).toEqual(['a.c', 'features']);
});
