import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { fingerprint } from '../../fixtures/fingerprint.ts';
import { commitAll, gitIn } from '../../fixtures/git.ts';
import { makeKernelTree, utilPatch } from '../../fixtures/kernel-tree.ts';

/* The whole program on a fake kernel tree, as far as the source: what a user is told. */

let folder: string;
const tree = (): string => join(folder, 'a "tree"');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-series-'));
  await makeKernelTree(tree());
  gitIn(tree(), 'init', '-q');
  commitAll(tree(), 'base');
  await writeFile(join(tree(), 'mm/mmap.c'), 'int changed;\n');
  commitAll(tree(), 'mm: change it');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function mmapvet(cwd: string, ...words: readonly string[]) {
  const env = {
    PATH: `${join(PROJECT, 'test/fixtures/programs/kernel-tools')}:${process.env['PATH']}`,
    HOME: folder,
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    FAKE_MAKE_LOG: join(folder, 'make.log'),
    CI: 'true',
  };
  const all = [join(PROJECT, 'harness/cli/main.ts'), 'run', '--target', 'x86_64', '--clause', 'A01', ...words];
  const { exitCode, stdout, stderr } = await spawn([process.execPath, ...all], { cwd, env, reject: false });
  return { code: exitCode, out: String(stdout), err: String(stderr) };
}

describe('refused before anything happens: exit 64, no stack trace, nothing on disk', () => {
  test.each<[string, readonly string[], string]>([
    ['a range that is none', ['--range', 'HEAD'], 'RANGE_BAD'],
    ['a range of what is not there', ['--range', 'v9..HEAD'], 'RANGE_NO_COMMIT'],
    ['a range without git', ['--kernel', 'deb:linux-source-7.3', '--range', 'a..b'], 'RANGE_NO_GIT'],
    ['an empty mbox', ['--patch', '../empty.mbox'], 'PATCH_EMPTY'],
    ['a patch out of the tree', ['--patch', '../escape patch'], 'PATCH_BAD_PATH'],
    ['fuzz that is no number', ['--fuzz', 'some'], 'NUMBER_BAD'],
    ['a patch for a kernel that is built', ['--build-dir', '.', '--patch', '../empty.mbox'], 'BUILD_DIR_PATCH'],
    ['a kernel that no file names', ['--kernel', 'mainlin'], 'KERNEL_UNKNOWN'],
  ])('%s', async (_, words, code) => {
    await writeFile(join(tree(), 'mmapvet.yaml'), 'kernels: { mainline: . }\n');
    await writeFile(join(folder, 'empty.mbox'), '');
    await writeFile(join(folder, 'escape patch'), '--- a/x\n+++ b/../../x\n@@ -1 +1 @@\n-a\n+b\n');
    const before = fingerprint(tree());
    const { code: exit, out, err } = await mmapvet(tree(), ...words);
    expect(err).toContain(`[${code}]`);
    expect(err).toMatch(/^error .*\nhint {2}[A-Z].*\.?\n?$/);
    expect(exit).toBe(64);
    expect(out).toBe('');
    expect(fingerprint(tree())).toEqual(before);
    expect(existsSync(join(folder, 'state'))).toBe(false);
    expect(existsSync(join(folder, 'cache/mmapvet/work'))).toBe(false);
  });
});

test('a hunk that does not fit is shown beside what stands there, and the tree stays as it is', async () => {
  await writeFile(
    join(folder, 'late.patch'),
    `Subject: mm: too late\n\nWhy.\n---\n${utilPatch('int line20;', 'x').replaceAll('line20', 'other')}`,
  );
  const before = fingerprint(tree());
  const { code, out, err } = await mmapvet(tree(), '--patch', '../late.patch');
  expect(code).toBe(2);
  expect(out).toContain('The patch "mm: too late" does not apply: mm/util.c line 17, hunk 1.');
  expect(out).toMatch(/-int other; +≠ int line20;\n/);
  expect(err).toBe('');
  expect(fingerprint(tree())).toEqual(before);
});

test('a named kernel: its range, from anywhere in its repository, with a word on the edits that are left out', async () => {
  const project = join(folder, 'project');
  await mkdir(join(project, 'below'), { recursive: true });
  gitIn(project, 'init', '-q');
  await writeFile(
    join(project, 'mmapvet.yaml'),
    `kernels:\n  topic: { source: '../a "tree"', range: HEAD~1..HEAD, patches: [../late.patch] }\n`,
  );
  await writeFile(join(tree(), 'mm/util.c'), 'int edited;\n');
  // So that it ends with the source.
  await writeFile(join(folder, 'late.patch'), utilPatch('int not;', 'int there;'));
  const { out } = await mmapvet(join(project, 'below'), '--kernel', 'topic');
  expect(out).toContain('"late.patch" does not apply');
  expect(out).toMatch(/Left out: 1 file of ".*a "tree"" that differs from its commit/);
  const { stdout } = await spawn(['find', join(folder, 'cache/mmapvet/work'), '-path', '*/source/mm/*.c'], {});
  const copies = String(stdout).split('\n').toSorted();
  expect(await readFile(copies[0] ?? '', 'utf8')).toBe('int changed;\n');
  expect(await readFile(copies[1] ?? '', 'utf8')).toContain('int line20;');
});
