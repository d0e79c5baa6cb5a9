import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';
import { openManifest } from '../../../harness/kernel/manifest.ts';
import { readSeries } from '../../../harness/kernel/series.ts';
import { resolveSource, type Source } from '../../../harness/kernel/source.ts';
import { workFolderAt } from '../../../harness/kernel/work.ts';
import { fingerprint } from '../../fixtures/fingerprint.ts';
import { makeKernelTree, utilPatch } from '../../fixtures/kernel-tree.ts';
import { failure, openSandbox, type Sandbox } from './sandbox.ts';

let box: Sandbox;
beforeEach(async () => {
  box = await openSandbox();
  await makeKernelTree(box.tree);
});
afterEach(() => box[Symbol.asyncDispose]());

async function put(name: string, text: string): Promise<string> {
  await mkdir(join(box.folder, name, '..'), { recursive: true });
  await writeFile(join(box.folder, name), text, 'latin1');
  return name;
}

async function resolved(...patches: readonly string[]): Promise<Source> {
  const series = await readSeries(patches, box.folder);
  await using source = await resolveSource({ kind: 'tree', folder: box.tree }, series, box.context);
  return source;
}

const util = async (source: Source): Promise<string> => readFile(join(source.folder, 'mm/util.c'), 'utf8');
const subjects = ({ identity }: Source): string[] => identity.series.map(({ subject }) => subject);
const mail = (subject: string, diff: string): string =>
  `From 1a2b3c Mon Sep 17 00:00:00 2001\nFrom: J. Doe <j@example.org>\nSubject: ${subject}\n\nWhy.\n---\n${diff}-- \n2.39\n\n`;
const second = utilPatch()
  .replaceAll('20', '27')
  .replaceAll('23', '30')
  .replaceAll('22', '29')
  .replaceAll('21', '28')
  .replaceAll('19', '26')
  .replaceAll('18', '25')
  .replaceAll('17', '24');

describe('where patches come from', () => {
  test('mbox, quilt folder, sorted folder: the same patches, the same kernel', async () => {
    const one = mail('[PATCH 1/2] mm: one', utilPatch());
    const two = mail('[PATCH 2/2] mm: two', second);
    const mbox = await resolved(await put('series.mbox', two + one));
    expect(subjects(mbox)).toEqual(['mm: one', 'mm: two']);
    await put('quilt/z one.patch'.replace(' ', '-'), one);
    await put('quilt/a-two.patch', two.replaceAll(/ [ab]\//g, ' '));
    await put('quilt/series', 'z-one.patch\na-two.patch -p0 # as diff made it\n');
    await put('quilt/unused.patch', 'not in the series');
    const quilt = await resolved('quilt');
    await put('sorted dir/1 "one".patch', one);
    await put('sorted dir/2.patch', two);
    await put('sorted dir/0-cover.patch', 'Subject: [PATCH 0/2] cover\n\nWords.\n');
    const sorted = await resolved('sorted dir');
    for (const source of [mbox, quilt, sorted]) {
      expect(await util(source)).toContain('int changed20;');
      expect(await util(source)).toContain('int changed27;');
      expect(source.key).toBe(mbox.key);
    }
    expect(subjects(quilt)).toEqual(['mm: one', 'mm: two']);
  });

  test('CR LF, and letters that are no UTF-8', async () => {
    const source = await resolved(await put('crlf.patch', mail('x', utilPatch()).replaceAll('\n', '\r\n')));
    expect(await util(source)).toContain('int changed20;\n');
    const odd = await resolved(await put('latin.patch', utilPatch('int line20;', '/* gr\u00f6\u00dfer */')));
    expect((await readFile(join(odd.folder, 'mm/util.c'))).includes(Buffer.from('gr\u00f6\u00dfer', 'latin1'))).toBe(
      true,
    );
  });

  test('a patch may only make a file a program', async () => {
    const name = 'scripts/kconfig/merge_config.sh';
    const diff = `diff --git a/${name} b/${name}\nold mode 100644\nnew mode 100755\n`;
    const plain = await resolved();
    const source = await resolved(await put('mode.patch', diff));
    expect((await stat(join(source.folder, name))).mode & 0o111).not.toBe(0);
    expect(source.key).not.toBe(plain.key);
    expect((await stat(join((await resolved()).folder, name))).mode & 0o111).toBe(0);
  });
});

describe('b4', () => {
  beforeEach(async () => {
    await put('threads/2@example.org', mail('[PATCH v2 1/1] mm: by mail', utilPatch()));
    vi.stubEnv('FAKE_B4', join(box.folder, 'threads'));
    vi.stubEnv('PATH', `${join(PROJECT, 'test/fixtures/programs/b4-tools')}:${process.env['PATH']}`);
    vi.stubEnv('HOME', box.folder);
    await put('.gitconfig', '[b4]\n\tlinkmask = of the user\n');
  });

  test("is the user's, with the user's settings, in the user's folder", async () => {
    const source = await resolved('b4:<2@example.org>');
    expect(source.identity.series).toMatchObject([{ subject: 'mm: by mail', file: 'b4:<2@example.org>' }]);
    expect(await util(source)).toContain('int changed20;');
    const asked = await readFile(join(box.folder, 'threads/asked'), 'utf8');
    expect(asked).toBe(`am --outdir - -- 2@example.org|${box.folder}|of the user\n`);
  });

  test('what it can not find, and what is no id, has its own error; a missing b4 says how to get it', async () => {
    expect(await failure(readSeries(['b4:3@example.org'], box.folder))).toMatchObject({
      code: 'B4_FAILED',
      exit: 64,
      details: ['Grabbing thread from an archive', 'Server returned an error: 404'],
    });
    for (const id of ['b4:', 'b4:--help@x', 'b4:no id@x', 'b4:word'])
      expect(await failure(readSeries([id], box.folder))).toMatchObject({ code: 'B4_BAD_ID' });
    vi.stubEnv('PATH', join(PROJECT, 'test/fixtures/programs/kernel-tools') + ':/usr/bin:/bin');
    expect(await failure(readSeries(['b4:2@example.org'], box.folder))).toMatchObject({
      hint: expect.stringContaining('Install b4') as string,
    });
  });
});

/** Each must leave tree and copy as they were, and say why. */
describe('bad input', () => {
  const flowed = 'From: x\nSubject: x\nContent-Type: text/plain; format=flowed\n\n';
  const named = (path: string): string => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-a\n+b\n`;

  test.each<[string, string, string, RegExp]>([
    ['an empty mbox', '', 'PATCH_EMPTY', /There is no patch in "bad"/],
    ['words', 'Hello.\n', 'PATCH_EMPTY', /There is no patch in "bad"/],
    ['a binary patch', 'diff --git a/x b/x\nGIT binary patch\nliteral 3\nKcmZ\n', 'PATCH_BINARY', /binary file "x"/],
    ['format=flowed', `${flowed}${utilPatch('int line20;', 'int \nchanged20;')}`, 'PATCH_FLOWED', /format=flowed/],
    [
      'stuffed',
      `${flowed}${utilPatch().replaceAll(/^ /gm, '  ')}`,
      'PATCH_FAILED',
      /white space only, being sent as format=flowed/,
    ],
    ['tabs gone', utilPatch().replaceAll('int line', 'int  line'), 'PATCH_FAILED', /white space only/],
    ['another tree', named('src/main.rs'), 'PATCH_FAILED', /for another tree: .* "src\/main.rs"/],
    [
      'applied already',
      utilPatch('int before20;', 'int line20;'),
      'PATCH_FAILED',
      /in this kernel already.*mm\/util.c line 17, hunk 1/,
    ],
    [
      'fuzz',
      utilPatch().replace('line17', 'other'),
      'PATCH_FAILED',
      /mm\/util.c line 17, hunk 1; with fuzz 1 it would/,
    ],
    ['a path out of the tree', named('../../outside.c'), 'PATCH_BAD_PATH', /outside of the tree/],
    ['an absolute path', named('/etc/passwd'), 'PATCH_BAD_PATH', /outside of the tree/],
    ['a file through a link', named('link/file'), 'PATCH_BAD_PATH', /"link" is a symbolic link/],
    ['a link itself', named('link'), 'PATCH_BAD_PATH', /"link" is a symbolic link/],
    ['a folder as a file', named('mm'), 'PATCH_BAD_PATH', /"mm" is a folder/],
    [
      'a symlink',
      'diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n',
      'PATCH_SYMLINK',
      /"l"/,
    ],
    ['an ed script', '--- a/mm/util.c\n+++ b/mm/util.c\n1c\n!touch ran\n.\n', 'PATCH_EMPTY', /no patch/],
    ['a file that is there', '--- /dev/null\n+++ b/mm/util.c\n@@ -0,0 +1 @@\n+x\n', 'PATCH_FAILED', /there already/],
    ['cut off', utilPatch().slice(0, -13), 'PATCH_DAMAGED', /the hunk goes on|its line/],
  ])('%s', async (_, text, code, message) => {
    await mkdir(join(box.folder, 'outside'));
    await put('outside/file', 'a\n');
    await put('outside.c', 'a\n');
    await symlink('../outside', join(box.tree, 'link'));
    const plain = await resolved();
    const before = [fingerprint(box.tree), fingerprint(plain.folder), fingerprint(join(box.folder, 'outside'))];
    await put('bad', text);
    const error = await failure(resolved('bad'));
    expect(error).toMatchObject({ code, exit: 64 });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/^[A-Z][a-z]+ .*\.$/);
    expect([fingerprint(box.tree), fingerprint(plain.folder), fingerprint(join(box.folder, 'outside'))]).toEqual(
      before,
    );
    expect((await readdir(join(plain.folder, '..'))).filter((name) => name.startsWith('patching-'))).toEqual([]);
  });

  test('a folder without patches, a series that names what is not there, a file that can not be read', async () => {
    await mkdir(join(box.folder, 'empty'));
    expect(await failure(readSeries(['empty'], box.folder))).toMatchObject({ code: 'PATCH_EMPTY' });
    await put('quilt/series', 'gone.patch\n');
    expect(await failure(readSeries(['quilt'], box.folder))).toMatchObject({ code: 'PATCH_NO_SUCH_FILE' });
    await put('quilt/series', 'a.patch -R\n');
    expect(await failure(readSeries(['quilt'], box.folder))).toMatchObject({ code: 'PATCH_REVERSE' });
    await put('quilt/series', '..\n');
    expect(await failure(readSeries(['quilt'], box.folder))).toMatchObject({ code: 'PATCH_UNREADABLE' });
  });

  test('fuzz that is allowed', async () => {
    const series = await readSeries([await put('f.patch', utilPatch().replace('line17', 'other'))], box.folder);
    await using source = await resolveSource({ kind: 'tree', folder: box.tree }, series, box.context, 1);
    expect(await util(source)).toContain('int changed20;');
  });

  test('the second patch fails: the hunk beside what the first one left', async () => {
    await put('a.patch', utilPatch());
    await put('b.patch', utilPatch('int line20;', 'int other;'));
    const error = await failure(resolved('a.patch', 'b.patch'));
    expect(error.details[0]).toMatch(/^line 3 of the patch expects +mm\/util.c has, from line 17$/);
    expect(error.details.join('\n')).toMatch(/-int line20; +≠ int changed20;\n/);
  });
});

test('files in flight are claimed neither as they were nor as they will be', async () => {
  const source = await resolved();
  const work = workFolderAt(join(source.folder, '..'));
  const manifest = await openManifest(work);
  await manifest.begin(['mm/util.c'], ['mm/mmap.c']);
  const now = (await openManifest(work)).old;
  expect(Object.keys(now)).not.toContain('mm/util.c');
  expect(Object.keys(now)).not.toContain('mm/mmap.c');
  expect(Object.keys(now)).toContain('Makefile');
});

test.each(['', '{"Makefile": ['])('a manifest that was cut (%j): the copy is made anew', async (text) => {
  const before = await resolved();
  const { folder, key } = before;
  await before[Symbol.asyncDispose]();
  await writeFile(join(folder, '../manifest.json'), text);
  await writeFile(join(folder, 'mm/stray.c'), 'of nobody');
  const source = await resolved();
  expect(source.key).toBe(key);
  expect(await util(source)).toContain('int line20;');
  await expect(stat(join(folder, 'mm/stray.c'))).rejects.toThrow('ENOENT');
});

test('the modes of our copy are those of the tree', async () => {
  await chmod(join(box.tree, 'scripts/kconfig/merge_config.sh'), 0o755);
  const source = await resolved();
  expect((await stat(join(source.folder, 'scripts/kconfig/merge_config.sh'))).mode & 0o111).not.toBe(0);
});
