/** A file of the kernel source that a run has stored: checkpatch and kunit.py as today's reviewers have them. */
import { glob, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../harness/core/paths.ts';

/** @returns its path in the newest source; null where no run has stored one */
export async function newestInCache(file: string): Promise<string | null> {
  const cwd = cacheFolder();
  const names = await Array.fromAsync(glob(`work/*/source/${file}`, { cwd }));
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(cwd, name), at: (await stat(join(cwd, name))).mtimeMs })),
  );
  return files.toSorted((a, b) => b.at - a.at)[0]?.path ?? null;
}
