/**
 * Which files of a kernel are built to count what runs, and the words for make that say so. kbuild asks for the variable
 * GCOV_PROFILE_<object>; given to make it needs no line in the source, and its value asks in which folder it is. All pure.
 */
import { posix } from 'node:path';

/** The whole mmap path that the contract speaks of, built to count whatever the series touches. */
export const MMAP_PATH = ['mm/util.c', 'mm/vma.c'] as const;

/** Code that does not run in the kernel proper, where there is nothing to count with. */
const APART = /(?:^|\/)(?:boot|realmode|purgatory|stub|libstub|vdso\w*|hyp|pi|tools|samples|Documentation|scripts)\//;

/** C files among those that a series changes, and the mmap path. */
export function profiledFiles(changed: readonly string[]): string[] {
  const own = changed.filter((path) => path.endsWith('.c') && /^[\w./+-]+$/.test(path) && !APART.test(path));
  return [...new Set([...MMAP_PATH, ...own])].toSorted();
}

/** `GCOV_PROFILE_util.o=$(if $(filter mm,$(obj)),y)`: mm/util.o, not fs/proc/util.o. */
export function profileWords(files: readonly string[]): string[] {
  const folders = Map.groupBy(files.flatMap(namesOf), ({ object }) => object);
  return [...folders].map(
    ([object, all]) => `GCOV_PROFILE_${object}=$(if $(filter ${all.map(({ folder }) => folder).join(' ')},$(obj)),y)`,
  );
}

/** A Makefile names its objects in its own folder, or in one below it: fs/xfs/Makefile has libxfs/xfs_da.o. */
function namesOf(file: string): { readonly folder: string; readonly object: string }[] {
  const parts = file.replace(/\.c$/, '.o').split('/');
  return [1, 2]
    .filter((length) => length < parts.length)
    .map((length) => ({ folder: posix.join(...parts.slice(0, -length)), object: parts.slice(-length).join('/') }));
}

/** Where gcc writes what gcov needs to know of an object, below the object folder. */
export const notesFile = (file: string): string => file.replace(/\.c$/, '.gcno');
