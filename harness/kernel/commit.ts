/**
 * Brings our copy of a source to a commit of the user's repository, whose objects are borrowed: its working tree, its
 * index and its references play no part. Only files that differ from what we hold are written.
 */
import { mkdir } from 'node:fs/promises';
import { usageError } from '../core/errors.ts';
import { borrowObjects, listCommit, writeFiles } from './git.ts';
import { difference, openManifest, type Manifest } from './manifest.ts';
import type { TreeFacts } from './tree.ts';
import type { WorkFolder } from './work.ts';

/** @throws MmapvetError RANGE_NO_GIT, KERNEL_NOT_A_TREE */
export async function syncCommit(
  tree: string,
  commit: string,
  work: WorkFolder,
  signal: AbortSignal,
): Promise<TreeFacts> {
  await using repository = await borrowObjects(tree, signal);
  if (repository === null)
    throw usageError('RANGE_NO_GIT', `"${tree}" is no git tree.`, 'Give a git tree with --kernel.');
  const manifest = await openManifest(work);
  const entries = await listCommit(repository, commit);
  if (!entries.some(({ path }) => path === 'mm/util.c'))
    throw usageError(
      'KERNEL_NOT_A_TREE',
      `Commit ${commit.slice(0, 12)} of "${tree}" is no kernel tree: it lacks mm/util.c.`,
      "Give commits of a kernel's repository.",
    );
  const wanted: Manifest = Object.fromEntries(
    entries.map(({ path, kind, id }) => {
      const known = manifest.old[path];
      // The stamp that is known stays: the file in the user's tree may still be the one that it was taken from.
      return [path, known?.[1] === kind && known[2] === id ? known : (['', kind, id] as const)];
    }),
  );
  const { changed, gone } = difference(manifest.old, wanted);
  await mkdir(work.source, { recursive: true });
  if (changed.length + gone.length > 0) {
    await manifest.begin(changed, gone);
    await writeFiles(repository, commit, changed, work.source);
    signal.throwIfAborted();
  }
  await manifest.finish(wanted);
  return { commit, modified: 0, key: manifest.keyOf(wanted), copied: changed.length, deleted: gone.length };
}
