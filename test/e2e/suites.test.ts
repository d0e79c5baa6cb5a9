import { expect, test } from 'vitest';
import { runForResults } from './mmapvet.ts';

test("the kernel's own tests of the same tree: on this machine and in a guest, with what a kernel lacks said", async () => {
  const groups = 'vma-userland,selftests-mm.m*_*,selftests-mm.pfnmap';
  const { code, results } = await runForResults('--group', groups, '--target', 'x86_64');
  const found = results.cells.map(({ target, clause, path, outcome }) => `${target} ${clause}.${path}: ${outcome}`);
  expect(found.toSorted()).toEqual([
    'host vma-userland.vma: pass',
    'x86_64 selftests-mm.map_fixed_noreplace: pass',
    'x86_64 selftests-mm.map_populate: pass',
    'x86_64 selftests-mm.mremap_test: pass',
    'x86_64 selftests-mm.pfnmap: vacuous',
  ]);
  const cellOf = (path: string) => results.cells.find((cell) => cell.path === path);
  expect(cellOf('vma')?.cases?.map(({ name }) => name)).toContain('merge_new');
  expect(cellOf('vma')?.cases?.length).toBeGreaterThan(20);
  expect(cellOf('map_fixed_noreplace')?.cases).toHaveLength(9);
  // It moves 2 GiB in a guest of less. Base kernels have no userfaultfd and no /dev/mem.
  const moves = cellOf('mremap_test')?.cases ?? [];
  expect(moves.filter(({ name, outcome }) => name.startsWith('2GB mremap') && outcome === 'pass')).toHaveLength(4);
  expect(moves.filter(({ outcome }) => outcome === 'not-applicable')).toEqual([
    expect.objectContaining({ reason: expect.stringContaining('the kernel lacks CONFIG_USERFAULTFD=y') }),
  ]);
  expect(cellOf('pfnmap')?.reason).toContain('the kernel lacks CONFIG_DEVMEM=y');
  // Looked at again, on a restored and on a booted guest, as a clause would be.
  expect(cellOf('pfnmap')?.repeats.map(({ outcome }) => outcome)).toEqual(['vacuous', 'vacuous', 'vacuous']);
  expect(code).toBe(2);
});
