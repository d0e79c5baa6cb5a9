import { existsSync } from 'node:fs';
import { cp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { onTopOf, readSeries } from '../../../harness/kernel/series.ts';
import { readRange } from '../../../harness/kernel/range.ts';
import { resolveSource, type Source } from '../../../harness/kernel/source.ts';
import { fingerprint } from '../../fixtures/fingerprint.ts';
import { commitAll, gitIn } from '../../fixtures/git.ts';
import { makeKernelTree, utilPatch } from '../../fixtures/kernel-tree.ts';
import { failure, openSandbox, type Sandbox } from './sandbox.ts';

let box: Sandbox;
let base: string;
const util = (): string => join(box.tree, 'mm/util.c');

async function edit(from: string, to: string, message: string): Promise<string> {
  await writeFile(util(), (await readFile(util(), 'utf8')).replace(from, to));
  return commitAll(box.tree, message);
}

beforeEach(async () => {
  box = await openSandbox();
  await makeKernelTree(box.tree);
  gitIn(box.tree, 'init', '-q');
  base = commitAll(box.tree, 'base');
});
afterEach(() => box[Symbol.asyncDispose]());

async function resolved(range: string, ...patches: readonly string[]): Promise<Source> {
  const read = await readRange(box.tree, range);
  const series = onTopOf(read, await readSeries(patches, box.folder));
  const spec = { kind: 'commit', folder: box.tree, base: read.base, commit: read.tip } as const;
  await using source = await resolveSource(spec, series, box.context);
  return source;
}

async function plain(): Promise<Source> {
  const nothing = { patches: [], identity: [] };
  await using source = await resolveSource({ kind: 'tree', folder: box.tree }, nothing, box.context);
  return source;
}

describe('a range', () => {
  test('is vetted as committed, named commit by commit, and nothing in tree or repository changes', async () => {
    await edit('int line5;', 'int five; /* größer */', 'mm: five\n\nWhy.');
    await writeFile(join(box.tree, 'mm/new.c'), 'int fresh;\n');
    await rm(join(box.tree, 'mm/mmap.c'));
    await edit('int line9;', 'int nine;', 'mm: nine');
    // Dirty, and with settings that would show.
    await writeFile(util(), 'int edited;\n');
    gitIn(box.tree, 'config', 'diff.noprefix', 'true');
    gitIn(box.tree, 'config', 'core.autocrlf', 'true');
    gitIn(box.tree, 'config', 'filter.evil.smudge', `touch '${box.folder}/ran'; cat`);
    await writeFile(join(box.tree, '.git/info/attributes'), '*.c filter=evil eol=crlf\n');
    const before = fingerprint(box.tree);
    const source = await resolved(`${base}..HEAD`);
    expect(fingerprint(box.tree)).toEqual(before);
    expect(existsSync(join(box.folder, 'ran'))).toBe(false);

    expect(source.identity).toMatchObject({ commit: base, dirty: false, source: box.tree });
    expect(source.identity.series).toMatchObject([
      { subject: 'mm: five', author: 'J. Döe <j@example.org>' },
      { subject: 'mm: nine', file: gitIn(box.tree, 'rev-parse', 'HEAD') },
    ]);
    expect(source.identity.series[0]?.sha256).toMatch(/^[\da-f]{64}$/);
    const text = await readFile(join(source.folder, 'mm/util.c'), 'utf8');
    expect(text).toContain('int five; /* größer */\n');
    expect(text).toContain('int nine;');
    expect((await readdir(join(source.folder, 'mm'))).toSorted()).toEqual(['Kconfig', 'new.c', 'util.c']);
  });

  test('is the same kernel as the tree checked out there, and only what differs gets a new time', async () => {
    await edit('int line5;', 'int five;', 'mm: five');
    const first = await plain();
    const old = await stat(join(first.folder, 'mm/mmap.c'));
    await edit('int line9;', 'int nine;', 'mm: nine');
    gitIn(box.tree, 'checkout', '-q', base);
    const tip = await resolved(`${base}..main~1`);
    expect(tip.folder).toBe(first.folder);
    expect(tip.key).toBe(first.key);
    expect((await stat(join(tip.folder, 'mm/mmap.c'))).mtimeMs).toBe(old.mtimeMs);
    expect((await resolved(`${base}..main`)).key).not.toBe(first.key);
    expect(await readFile(join(tip.folder, 'mm/util.c'), 'utf8')).toContain('int nine;');
    // And back to what lies on disk.
    const back = await plain();
    expect(await readFile(join(back.folder, 'mm/util.c'), 'utf8')).toContain('int line5;');
    expect((await stat(join(back.folder, 'mm/mmap.c'))).mtimeMs).toBe(old.mtimeMs);
  });

  test('takes patches on top; the files are what counts, not the words of the messages', async () => {
    await edit('int line5;', 'int five;', 'mm: five');
    const patch = join(box.folder, 'fix.patch');
    await writeFile(patch, `Subject: mm: twenty\n\nWhy.\n---\n${utilPatch()}`);
    const source = await resolved(`${base}..HEAD`, patch);
    expect(source.identity.series.map(({ subject }) => subject)).toEqual(['mm: five', 'mm: twenty']);
    await writeFile(patch, `Subject: mm: reworded\n\nWhy, in other words.\n---\n${utilPatch()}`);
    expect((await resolved(`${base}..HEAD`, patch)).key).toBe(source.key);
  });

  test('with a merge: one step, against its first parent', async () => {
    gitIn(box.tree, 'checkout', '-q', '-b', 'side');
    await edit('int line30;', 'int thirty;', 'side: thirty');
    gitIn(box.tree, 'checkout', '-q', 'main');
    await edit('int line5;', 'int five;', 'mm: five');
    gitIn(box.tree, 'merge', '-q', '--no-ff', '-m', 'merge side', 'side');
    const { commits } = await readRange(box.tree, `${base}..main`);
    expect(commits.map(({ subject }) => subject)).toEqual(['mm: five', 'merge side']);
    expect(commits[1]?.text).toContain('+int thirty;');
  });

  test.each(['#dir', 'a "quoted" dir', 'back\\slash: dir'])('in a folder called %s', async (name) => {
    await edit('int line5;', 'int five;', 'mm: five');
    const other = join(box.folder, name);
    await cp(box.tree, other, { recursive: true });
    expect((await readRange(other, `${base}..`)).commits).toHaveLength(1);
  });

  test('in a linked worktree, and in a repository with objects elsewhere', async () => {
    await edit('int line5;', 'int five;', 'mm: five');
    gitIn(box.tree, 'worktree', 'add', '-q', join(box.folder, 'linked'), base);
    expect((await readRange(join(box.folder, 'linked'), 'HEAD..main')).commits).toHaveLength(1);
    gitIn(box.folder, 'clone', '-q', '--shared', box.tree, join(box.folder, 'shared'));
    expect((await readRange(join(box.folder, 'shared'), 'HEAD~1..HEAD')).commits).toHaveLength(1);
  });

  test('of a bare repository, where there are no files on disk at all', async () => {
    await edit('int line5;', 'int five;', 'mm: five');
    gitIn(box.folder, 'clone', '-q', '--bare', box.tree, 'bare.git');
    const folder = join(box.folder, 'bare.git');
    const range = await readRange(folder, `${base}..main`);
    const spec = { kind: 'commit', folder, base: range.base, commit: range.tip } as const;
    await using source = await resolveSource(spec, onTopOf(range, await readSeries([], '.')), box.context);
    expect(await readFile(join(source.folder, 'mm/util.c'), 'utf8')).toContain('int five;');
  });
});

describe('a range that is none', () => {
  test.each<[string, string, string]>([
    ['no such commit', 'v9.9..HEAD', 'RANGE_NO_COMMIT'],
    ['no range', 'HEAD', 'RANGE_BAD'],
    ['an option', '--all..HEAD', 'RANGE_NO_COMMIT'],
    ['both ends the same', 'HEAD..main', 'RANGE_EMPTY'],
    ['the wrong way round', 'HEAD..HEAD~1', 'RANGE_EMPTY'],
    ['two branches', 'side..main', 'RANGE_APART'],
    ['nothing in common', 'orphan..main', 'RANGE_APART'],
  ])('%s', async (_, text, code) => {
    gitIn(box.tree, 'checkout', '-q', '-b', 'side');
    await edit('int line5;', 'int five;', 'mm: five');
    gitIn(box.tree, 'checkout', '-q', '--orphan', 'orphan');
    commitAll(box.tree, 'another beginning');
    gitIn(box.tree, 'checkout', '-q', 'main');
    await edit('int line9;', 'int nine;', 'mm: nine');
    const before = fingerprint(box.tree);
    const error = await failure(readRange(box.tree, text));
    expect(error).toMatchObject({ code, exit: 64 });
    expect(error.hint).toMatch(/^[A-Z]\w+ /);
    expect(error.hint?.includes(base.slice(0, 12))).toBe(text === 'side..main');
    expect(fingerprint(box.tree)).toEqual(before);
  });

  test('a shallow tree: what is there works, what is not is named as such', async () => {
    await edit('int line5;', 'int five;', 'mm: five');
    await edit('int line9;', 'int nine;', 'mm: nine');
    gitIn(box.folder, 'clone', '-q', '--depth', '2', `file://${box.tree}`, 'shallow');
    const shallow = join(box.folder, 'shallow');
    expect((await readRange(shallow, 'HEAD~1..HEAD')).commits.map(({ subject }) => subject)).toEqual(['mm: nine']);
    expect(await failure(readRange(shallow, `${base}..HEAD`))).toMatchObject({
      code: 'RANGE_NO_COMMIT',
      hint: expect.stringContaining('git fetch --unshallow') as string,
    });
    gitIn(shallow, 'fetch', '-q', '--depth', '1', 'origin', `${base}:old`);
    expect(await failure(readRange(shallow, 'old..HEAD'))).toMatchObject({ code: 'RANGE_SHALLOW' });
  });

  test('a partial clone that lacks the files is told apart, and fetches nothing', async () => {
    await edit('int line5;', 'int five;', 'mm: five');
    gitIn(box.tree, 'config', 'uploadpack.allowFilter', 'true');
    gitIn(box.folder, 'clone', '-q', '--bare', '--filter=blob:none', `file://${box.tree}`, 'partial.git');
    const error = await failure(readRange(join(box.folder, 'partial.git'), `${base}..main`));
    expect(error).toMatchObject({ code: 'RANGE_SHALLOW', exit: 64 });
  });

  test('no git tree, or one without a kernel in it', async () => {
    const bare = join(box.folder, 'plain');
    await makeKernelTree(bare);
    expect(await failure(readRange(bare, 'a..b'))).toMatchObject({ code: 'RANGE_NO_GIT' });
    await rm(join(box.tree, 'mm'), { recursive: true });
    commitAll(box.tree, 'no kernel');
    expect(await failure(resolved(`${base}..HEAD`))).toMatchObject({ code: 'KERNEL_NOT_A_TREE' });
  });
});

test('a link in a commit never leads a file out of our copy', async () => {
  const outside = join(box.folder, 'outside');
  await makeKernelTree(outside);
  await rm(join(box.tree, 'mm/mmap.c'));
  await symlink(join(outside, 'mm'), join(box.tree, 'linked'));
  commitAll(box.tree, 'a link');
  await rm(join(box.tree, 'linked'));
  await cp(join(box.tree, 'mm'), join(box.tree, 'linked'), { recursive: true });
  await writeFile(join(box.tree, 'linked/util.c'), 'int escaped;\n');
  commitAll(box.tree, 'a folder in its place');
  const before = fingerprint(outside);
  await resolved(`${base}..HEAD~1`);
  await resolved(`${base}..HEAD`);
  await resolved(`${base}..HEAD~1`);
  expect(fingerprint(outside)).toEqual(before);
});
