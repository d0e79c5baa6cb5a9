/**
 * Which lines of a kernel a series changed, as the finished files have them: the commits of a range, what a git tree has
 * beside its commit, and the patches on top.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../core/exec.ts';
import { parseDiff, type Hunk } from './diff.ts';
import { borrowObjects, listCommit, type Borrowed } from './git.ts';
import { openManifest } from './manifest.ts';
import type { Source } from './source.ts';
import { filesBelow, workFolderAt } from './work.ts';

export interface ChangedLine {
  /** Of the finished file, counted from 1. */
  readonly line: number;
  /** Lines were taken out before this one, which itself is as it was. */
  readonly removal: boolean;
}

export interface ChangedFile {
  readonly path: string;
  readonly lines: readonly ChangedLine[];
}

/** A file longer than this is data, and diff would take forever. */
const MOST_BYTES = 4 * 1024 * 1024;

/** @param git where the source is a git tree, or commits of one: the tree, and the commit that the changes are on top of */
export async function changedLines(
  source: Pick<Source, 'folder'>,
  git: { readonly tree: string; readonly base: string } | null,
  signal: AbortSignal,
): Promise<ChangedFile[]> {
  const work = workFolderAt(dirname(source.folder));
  const [orig, created] = await Promise.all(['orig', 'created'].map((name) => filesBelow(join(work.root, name))));
  const patched = new Set([...orig!, ...created!]);
  await using repository = git === null ? null : await borrowObjects(git.tree, signal);
  const committed =
    repository === null || git === null
      ? new Map<string, string | null>()
      : await differing(repository, git.base, (await openManifest(work)).old);
  const changed: ChangedFile[] = [];
  for (const path of new Set([...patched, ...committed.keys()])) {
    signal.throwIfAborted();
    if (!existsSync(join(source.folder, path))) continue;
    const id = committed.get(path);
    const before =
      id === undefined || repository === null
        ? await readFile(join(work.root, 'orig', path), 'latin1').catch(() => '')
        : id === null
          ? ''
          : (await repository.git(['cat-file', 'blob', id])).stdout;
    const after = await readFile(join(source.folder, path), 'latin1');
    if (before.length > MOST_BYTES || after.length > MOST_BYTES) continue;
    const lines = linesOf(await diffHunks(before, join(source.folder, path), signal));
    if (lines.length > 0) changed.push({ path, lines });
  }
  return changed.toSorted((a, b) => a.path.localeCompare(b.path));
}

/** Files of our copy that are not as in the commit: the id of what they were, null where they are new. */
async function differing(
  repository: Borrowed,
  base: string,
  now: Readonly<Record<string, readonly [stamp: string, kind: string, id: string]>>,
): Promise<Map<string, string | null>> {
  const then = new Map((await listCommit(repository, base)).map(({ path, id }) => [path, id]));
  return new Map(
    Object.entries(now)
      .filter(([path, [, kind, id]]) => kind !== 'link' && then.get(path) !== id)
      .map(([path]) => [path, then.get(path) ?? null]),
  );
}

async function diffHunks(before: string, file: string, signal: AbortSignal): Promise<readonly Hunk[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'mmapvet-diff-'));
  try {
    const old = join(scratch, 'before');
    await writeFile(old, before, 'latin1');
    const words = ['diff', '--text', '--unified=0', '--label=a/file', '--label=b/file'] as const;
    const { stdout } = await run([...words, '--', old, file], { signal, bytes: true, allow: [1] });
    return parseDiff(stdout).files.flatMap(({ hunks }) => hunks);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of hunks without context. */
export function linesOf(hunks: readonly Hunk[]): ChangedLine[] {
  return hunks.flatMap(({ newStart, lines }): ChangedLine[] => {
    const added = lines.filter((line) => line.startsWith('+')).length;
    // `@@ -5,2 +4,0 @@`: what stood after line 4 is gone.
    if (added === 0) return [{ line: newStart + 1, removal: true }];
    return Array.from({ length: added }, (_, index) => ({ line: newStart + index, removal: false }));
  });
}
