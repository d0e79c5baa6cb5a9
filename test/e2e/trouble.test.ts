import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mmapvet, runForResults } from './mmapvet.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-e2e-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a kernel without the hook: nothing is built, nothing applies, exit 2', async () => {
  const { code, results } = await runForResults('--kernel', 'deb:linux-source-6.12', '--target', 'x86_64');
  expect(new Set(results.cells.map((cell) => cell.outcome))).toEqual(new Set(['not-applicable']));
  expect(results.cells[0]?.reason).toContain('this kernel lacks');
  expect(results.builds).toEqual([]);
  expect(code).toBe(2);
});

test("a kernel that does not build: the compiler's own line, exit 2", async () => {
  const patch = join(folder, 'broken.patch');
  const broken = ['--- a/mm/util.c', '+++ b/mm/util.c', '@@ -1,3 +1,4 @@', ' // SPDX-License-Identifier: GPL-2.0-only'];
  await writeFile(
    patch,
    [...broken, '+this is no C;', ' #include <linux/mm.h>', ' #include <linux/slab.h>', ''].join('\n'),
  );
  const { code, stdout } = await mmapvet('run', '--target', 'x86_64', '--clause', 'A01', '--patch', patch);
  expect(stdout).toMatch(/mm\/util\.c:2:\d+: error: /);
  expect(code).toBe(2);
});

test('a patch that does not apply: its file, line and hunk, exit 2 before any build', async () => {
  const patch = join(folder, 'foreign.patch');
  await writeFile(patch, '--- a/mm/util.c\n+++ b/mm/util.c\n@@ -100,3 +100,3 @@\n never\n-there\n+here\n at all\n');
  const { code, stdout, stderr } = await mmapvet('run', '--target', 'x86_64', '--clause', 'A01', '--patch', patch);
  expect(`${stdout}${stderr}`).toMatch(/foreign\.patch[\s\S]*mm\/util\.c/);
  expect(code).toBe(2);
});
