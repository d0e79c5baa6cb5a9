/**
 * A folder that looks like a kernel tree, for parts of it that only build in place: those are copied, everything else is a
 * link into the tree, which stays as it is.
 */
import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** @param copied folders below the tree, `tools/testing/vma`; none lies in another */
export async function mirrorTree(tree: string, to: string, copied: readonly string[]): Promise<void> {
  await rm(to, { recursive: true, force: true });
  const parents = new Set(copied.flatMap((path) => parentsOf(path)));
  for (const parent of ['', ...parents].toSorted()) {
    await mkdir(join(to, parent), { recursive: true });
    for (const name of await readdir(join(tree, parent))) {
      const path = parent === '' ? name : `${parent}/${name}`;
      if (copied.includes(path)) await cp(join(tree, path), join(to, path), { recursive: true });
      else if (!parents.has(path)) await symlink(join(tree, path), join(to, path));
    }
  }
}

function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [parent, ...parentsOf(parent)];
}
