import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mirrorTree } from '../../../harness/kernel/mirror.ts';

let root: string;
const tree = (...parts: readonly string[]): string => join(root, 'tree', ...parts);
const mirror = (...parts: readonly string[]): string => join(root, 'mirror', ...parts);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mmapvet-mirror-'));
  for (const folder of ['mm', 'tools/include', 'tools/testing/vma/tests', 'tools/testing/radix'])
    mkdirSync(tree(folder), { recursive: true });
  for (const file of ['Makefile', 'mm/vma.c', 'tools/testing/vma/main.c', 'tools/testing/vma/tests/merge.c'])
    writeFileSync(tree(file), file);
});
afterEach(() => rmSync(root, { recursive: true }));

it('looks like the tree, and takes what a build writes in place of it', async () => {
  await mirrorTree(tree(), mirror(), ['tools/testing/vma']);
  expect(readdirSync(mirror()).toSorted()).toEqual(['Makefile', 'mm', 'tools']);
  expect(readFileSync(mirror('tools/testing/vma/../../../mm/vma.c'), 'utf8')).toBe('mm/vma.c');
  expect(lstatSync(mirror('tools/testing/vma')).isSymbolicLink()).toBe(false);
  expect(lstatSync(mirror('tools/testing/radix')).isSymbolicLink()).toBe(true);
  writeFileSync(mirror('tools/testing/vma/tests/merge.c'), 'changed');
  writeFileSync(mirror('tools/testing/vma/main.o'), '');
  expect(readFileSync(tree('tools/testing/vma/tests/merge.c'), 'utf8')).toBe('tools/testing/vma/tests/merge.c');
  expect(readdirSync(tree('tools/testing/vma'))).toEqual(['main.c', 'tests']);
});

it('is made anew: nothing of an earlier one stays, and nothing behind its links goes', async () => {
  await mirrorTree(tree(), mirror(), ['tools/testing/vma']);
  writeFileSync(mirror('tools/testing/vma/main.o'), '');
  await mirrorTree(tree(), mirror(), ['tools/testing/vma']);
  expect(readdirSync(mirror('tools/testing/vma'))).toEqual(['main.c', 'tests']);
  expect(readFileSync(tree('mm/vma.c'), 'utf8')).toBe('mm/vma.c');
});
