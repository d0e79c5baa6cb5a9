import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describe as describeKernel } from '../../../harness/kernel/describe.ts';
import { readSeries } from '../../../harness/kernel/series.ts';
import { resolveSource, type Source } from '../../../harness/kernel/source.ts';
import { parseKernelSpec } from '../../../harness/kernel/spec.ts';
import { fingerprint } from '../../fixtures/fingerprint.ts';
import { commitAll, gitIn } from '../../fixtures/git.ts';
import { makeKernelTree, utilPatch } from '../../fixtures/kernel-tree.ts';
import { failure, openSandbox, type Sandbox } from './sandbox.ts';

let box: Sandbox;
beforeEach(async () => {
  box = await openSandbox();
  await makeKernelTree(box.tree);
});
afterEach(() => box[Symbol.asyncDispose]());

async function open(spec: string = box.tree, ...patches: readonly string[]): Promise<Source> {
  return resolveSource(parseKernelSpec(spec, box.folder), await readSeries(patches, box.folder), box.context);
}

/** Resolves, hands the result back, lets go of the lock. */
async function resolved(spec?: string, ...patches: readonly string[]): Promise<Source> {
  await using source = await open(spec, ...patches);
  return source;
}

const mtime = async (path: string): Promise<number> => (await stat(path)).mtimeMs;

test('a git tree with edits is copied as it is on disk, and not a byte or time of it changes', async () => {
  gitIn(box.tree, 'init', '-q');
  commitAll(box.tree, 'base');
  // Were it run, a filter of the repository's configuration would leave a file behind.
  await writeFile(join(box.tree, '.gitattributes'), '* filter=evil\n');
  gitIn(box.tree, 'config', 'filter.evil.clean', `touch '${box.folder}/ran'; cat`);
  gitIn(box.tree, 'config', 'core.fsmonitor', `touch '${box.folder}/ran'`);
  await writeFile(join(box.tree, 'mm/util.c'), 'int edited;\n');
  await writeFile(join(box.tree, 'mm/new.c'), 'int fresh;\n');
  await rm(join(box.tree, 'mm/mmap.c'));
  await writeFile(join(box.tree, 'mm/util.o'), 'object');
  await mkdir(join(box.tree, 'include/config'), { recursive: true });
  await writeFile(join(box.tree, 'include/config/auto.conf'), 'CONFIG_X=y\n');
  await writeFile(join(box.tree, '.config'), 'CONFIG_X=y\n');
  // git would refresh its index for a file whose time alone has changed.
  await utimes(join(box.tree, 'Kbuild'), new Date(), new Date(Date.now() - 1e6));
  const before = fingerprint(box.tree);
  const source = await resolved();
  expect(fingerprint(box.tree)).toEqual(before);
  expect(existsSync(join(box.folder, 'ran'))).toBe(false);

  expect((await readdir(join(source.folder, 'mm'))).toSorted()).toEqual(['Kconfig', 'new.c', 'util.c']);
  expect(await readFile(join(source.folder, 'mm/util.c'), 'utf8')).toBe('int edited;\n');
  expect(await mtime(join(source.folder, 'Makefile'))).toBe(await mtime(join(box.tree, 'Makefile')));
  expect(readdirSync(source.folder)).not.toContain('.config');
  expect(readdirSync(source.folder)).not.toContain('.git');
  expect(source.identity).toMatchObject({ version: '7.3.0-rc1', dirty: true, source: box.tree });
  expect(source.identity.commit).toMatch(/^[0-9a-f]{40}$/);
  expect(describeKernel(source.identity, source.modified)).toMatch(
    /^linux 7\.3\.0-rc1 \(\/.*\/tree, [0-9a-f]{12}, 3 files modified\)$/,
  );
});

test('a tree without git is copied without what was built in place', async () => {
  await writeFile(join(box.tree, 'vmlinux'), 'binary');
  await writeFile(join(box.tree, 'mm/util.o'), 'object');
  const before = fingerprint(box.tree);
  const source = await resolved();
  expect(fingerprint(box.tree)).toEqual(before);
  expect((await readdir(join(source.folder, 'mm'))).toSorted()).toEqual(['Kconfig', 'mmap.c', 'util.c']);
  expect(source.identity).toMatchObject({ commit: null, dirty: false });
  // As in Debian's source packages: everything is ignored.
  await writeFile(join(box.tree, '.gitignore'), '*\n!/debian/\n');
  const ignored = await resolved();
  expect(readdirSync(ignored.folder)).toContain('Makefile');
  expect(readdirSync(ignored.folder)).not.toContain('vmlinux');
});

test('only what changed is copied again, and then looks new to make', async () => {
  const first = await resolved();
  const untouched = await mtime(join(first.folder, 'mm/mmap.c'));
  const began = Date.now();
  // An old version put back, its old time included: make must see it all the same.
  await writeFile(join(box.tree, 'mm/util.c'), 'int old;\n');
  await utimes(join(box.tree, 'mm/util.c'), 1000, 1000);
  await rm(join(box.tree, 'mm/Kconfig'));
  const second = await resolved();
  expect(second.folder).toBe(first.folder);
  expect(second.key).not.toBe(first.key);
  expect(await mtime(join(second.folder, 'mm/mmap.c'))).toBe(untouched);
  expect(await mtime(join(second.folder, 'mm/util.c'))).toBeGreaterThanOrEqual(began - 1000);
  expect((await readdir(join(second.folder, 'mm'))).toSorted()).toEqual(['mmap.c', 'util.c']);
  expect((await resolved()).key).toBe(second.key);
});

test('the same content has the same key wherever it lies', async () => {
  const first = await resolved();
  await cp(box.tree, join(box.folder, 'other'), { recursive: true });
  const second = await resolved(join(box.folder, 'other'));
  expect(second.key).toBe(first.key);
  expect(second.folder).not.toBe(first.folder);
});

test('a copy that was cut off half-way is completed', async () => {
  const first = await resolved();
  await rm(join(first.folder, 'mm/mmap.c'));
  // What a run killed between its first and its last note leaves.
  const manifest = join(first.folder, '../manifest.json');
  const known = JSON.parse(await readFile(manifest, 'utf8')) as Record<string, unknown>;
  delete known['mm/mmap.c'];
  await writeFile(manifest, JSON.stringify(known));
  expect((await readdir(join((await resolved()).folder, 'mm'))).toSorted()).toContain('mmap.c');
});

test('a patch changes our copy only, and the next run without it has the old content with a new time', async () => {
  const plain = await resolved();
  const time = await mtime(join(plain.folder, 'mm/util.c'));
  const patch = join(box.folder, 'fix.patch');
  await writeFile(patch, `From: J. Doe <j@example.org>\nSubject: [PATCH] mm: fix it\n\nWhy.\n---\n${utilPatch()}`);
  const before = fingerprint(box.tree);
  const patched = await resolved(box.tree, patch);
  expect(fingerprint(box.tree)).toEqual(before);
  expect(patched.folder).toBe(plain.folder);
  expect(patched.key).not.toBe(plain.key);
  expect(patched.identity.series).toMatchObject([
    { subject: 'mm: fix it', author: 'J. Doe <j@example.org>', file: patch },
  ]);
  expect(await readFile(join(patched.folder, 'mm/util.c'), 'utf8')).toContain('int changed20;');

  const patchedTime = await mtime(join(patched.folder, 'mm/util.c'));
  await resolved(box.tree, patch);
  expect(await mtime(join(patched.folder, 'mm/util.c'))).toBe(patchedTime);

  const again = await resolved();
  expect(again.key).toBe(plain.key);
  expect(await readFile(join(again.folder, 'mm/util.c'), 'utf8')).not.toContain('changed');
  expect(await mtime(join(again.folder, 'mm/util.c'))).toBeGreaterThan(time);
});

test('files that a patch creates and deletes come and go with it', async () => {
  const patch = join(box.folder, 'move.diff');
  const text = [
    ['--- a/mm/mmap.c', '+++ /dev/null', '@@ -1 +0,0 @@', '-int mmap;'],
    ['--- /dev/null', '+++ b/mm/sub/new.c', '@@ -0,0 +1 @@', '+int fresh;'],
  ];
  await writeFile(patch, `${text.flat().join('\n')}\n`);
  const patched = await resolved(box.tree, patch);
  expect((await readdir(join(patched.folder, 'mm'))).toSorted()).toEqual(['Kconfig', 'sub', 'util.c']);
  const plain = await resolved();
  expect((await readdir(join(plain.folder, 'mm'))).toSorted()).toEqual(['Kconfig', 'mmap.c', 'util.c']);
});

test('a hunk that does not fit is named, and nothing is patched', async () => {
  const good = join(box.folder, 'good.patch');
  const bad = join(box.folder, 'bad.patch');
  await writeFile(good, utilPatch());
  await writeFile(bad, `Subject: mm: too late\n\n${utilPatch('int line20;', 'int other;')}`);
  const error = await failure(open(box.tree, good, bad));
  expect(error.code).toBe('PATCH_FAILED');
  expect(error.message).toBe('The patch "mm: too late" does not apply: mm/util.c line 17, hunk 1.');
  expect(error.hint).toContain(bad);
  expect(await readFile(join((await resolved()).folder, 'mm/util.c'), 'utf8')).not.toContain('changed');
});

test('a tarball is unpacked once, by its content', async () => {
  const tarball = join(box.folder, 'linux.tar.gz');
  execFileSync('tar', ['-czf', tarball, '-C', box.folder, 'tree']);
  const first = await resolved(tarball);
  const marker = join(first.folder, 'mm/mmap.c');
  const time = (await stat(marker)).ctimeMs;
  await cp(tarball, join(box.folder, 'again.tar'));
  const second = await resolved(join(box.folder, 'again.tar'));
  expect(second.folder).toBe(first.folder);
  expect((await stat(marker)).ctimeMs).toBe(time);
  expect(first.identity).toMatchObject({ version: '7.3.0-rc1', source: tarball });
});

test('who only asks which kernel it is does not wait for a build of it; who builds does, and finds it unpatched', async () => {
  const tarball = join(box.folder, 'linux.tar.gz');
  execFileSync('tar', ['-czf', tarball, '-C', box.folder, 'tree']);
  const first = await resolved(tarball);
  const patch = join(box.folder, 'util.patch');
  await writeFile(patch, utilPatch());
  const builder = await open(tarball, patch);
  // What the builder keeps there is not ours to clear away.
  const kept = join(builder.folder, '../was/mm/util.c');
  await mkdir(join(kept, '..'), { recursive: true });
  await writeFile(kept, '');
  await using asking = await open(tarball);
  expect(existsSync(kept)).toBe(true);
  expect(asking.key).toBe(first.key);
  expect(asking.identity).toEqual(first.identity);

  let ours = false;
  const opened = asking.open().then(() => (ours = true));
  await vi.waitFor(() => expect(JSON.stringify(box.events)).toMatch(/Waiting for process/), { timeout: 10_000 });
  expect(ours).toBe(false);
  expect(await readFile(join(asking.folder, 'mm/util.c'), 'utf8')).toContain('int changed20;');
  await builder[Symbol.asyncDispose]();
  await opened;
  expect(await readFile(join(asking.folder, 'mm/util.c'), 'utf8')).not.toContain('int changed20;');
});

test('what is no kernel has its own error', async () => {
  const truncated = join(box.folder, 'half.tar.gz');
  execFileSync('tar', ['-czf', truncated, '-C', box.folder, 'tree']);
  await writeFile(truncated, (await readFile(truncated)).subarray(0, 200));
  expect(await failure(open(truncated))).toMatchObject({ code: 'KERNEL_UNREADABLE' });
  const other = join(box.folder, 'other.tar');
  execFileSync('tar', ['-cf', other, '-C', box.tree, 'mm']);
  expect(await failure(open(other))).toMatchObject({ code: 'KERNEL_NOT_A_TREE' });
  expect(await failure(open(join(box.tree, 'mm')))).toMatchObject({ code: 'KERNEL_NOT_A_TREE' });
  expect(await readdir(join(box.folder, 'cache/mmapvet/work'))).toEqual([]);
});

test('the default is the tree around the current folder', async () => {
  await using source = await resolveSource(
    parseKernelSpec(undefined, join(box.tree, 'mm')),
    { patches: [], identity: [] },
    box.context,
  );
  expect(source.identity.source).toBe(box.tree);
});
