import { expect, test } from 'vitest';
import { linesOf } from '../../../harness/kernel/changed.ts';
import { parseDiff } from '../../../harness/kernel/diff.ts';
import { profiledFiles, profileWords } from '../../../harness/kernel/profiled.ts';
import { gcovCommand } from '../../../harness/kernel/toolchain.ts';

test('C files of the kernel proper count, and the mmap path in any case', () => {
  const changed = [
    'mm/memory.c',
    'mm/internal.h',
    'arch/x86/boot/main.c',
    'lib/vdso/gettimeofday.c',
    'a b.c',
    'mm/util.c',
  ];
  expect(profiledFiles(changed)).toEqual(['mm/memory.c', 'mm/util.c', 'mm/vma.c']);
});

test('a name counts in its own folder only', () => {
  expect(profileWords(['mm/util.c', 'fs/proc/util.c', 'fs/xfs/libxfs/xfs_da.c'])).toEqual([
    'GCOV_PROFILE_util.o=$(if $(filter mm fs/proc,$(obj)),y)',
    'GCOV_PROFILE_proc/util.o=$(if $(filter fs,$(obj)),y)',
    'GCOV_PROFILE_xfs_da.o=$(if $(filter fs/xfs/libxfs,$(obj)),y)',
    'GCOV_PROFILE_libxfs/xfs_da.o=$(if $(filter fs/xfs,$(obj)),y)',
  ]);
});

test('hunks without context are the lines that changed', () => {
  const diff = parseDiff(
    '--- a/file\n+++ b/file\n@@ -3,0 +4,2 @@\n+one\n+two\n@@ -9,2 +11,0 @@\n-old\n-older\n@@ -20 +20 @@\n-was\n+is\n',
  );
  expect(linesOf(diff.files[0]!.hunks)).toEqual([
    { line: 4, removal: false },
    { line: 5, removal: false },
    { line: 12, removal: true },
    { line: 20, removal: false },
  ]);
});

test.each([
  ['gcc', 'gcov'],
  ['aarch64-linux-gnu-gcc', 'aarch64-linux-gnu-gcov'],
  ['ccache /opt/gcc/bin/x-gcc-13', '/opt/gcc/bin/x-gcov-13'],
])('%s comes with %s', (compiler, gcov) => {
  expect(gcovCommand(compiler)).toBe(gcov);
});
