/**
 * Keeps our own copy of a user's tree equal to it. The tree is only read. Which files changed is known from their size and
 * times; the copies of those that did not are not touched, so that make finds only the others stale.
 */
import { existsSync, lstatSync, readFileSync, readlinkSync, type BigIntStats } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { MmapvetError } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import { blobId } from './blob.ts';
import { listUnignored, readGitTree } from './git.ts';
import { difference, openManifest, type Manifest } from './manifest.ts';
import type { WorkFolder } from './work.ts';

export interface TreeFacts {
  readonly commit: string | null;
  /** Null where there is no git to tell. */
  readonly modified: number | null;
  /** Content id of all files. */
  readonly key: string;
  /** Files copied, and deleted from our copy. */
  readonly copied: number;
  readonly deleted: number;
}

/** A file that changes while it is being copied is tried again this many times. */
const ATTEMPTS = 3;

/**
 * Brings `work.source` (unpatched) up to date with the user's tree.
 * @throws MmapvetError TREE_CHANGES, when files keep changing meanwhile
 */
export async function syncTree(tree: string, work: WorkFolder, signal: AbortSignal): Promise<TreeFacts> {
  const git = await readGitTree(tree, signal);
  const fresh = !existsSync(work.source);
  let copied = 0;
  let deleted = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const files = attempt === 0 && git !== null ? git.files : await listTree(tree, signal);
    const manifest = await openManifest(work);
    const seen = await scan(tree, files, manifest.old, git?.algorithm, signal);
    const { changed, gone } = difference(manifest.old, seen);
    if (changed.length + gone.length > 0) {
      await manifest.begin(changed, gone);
      await copyFiles(tree, work.source, changed, fresh, signal);
    }
    const moved = changed.filter((path) => stampOf(tree, path)?.[0] !== seen[path]![0].replace(/^racy /, ''));
    for (const path of moved) delete seen[path];
    await manifest.finish(seen);
    copied += changed.length;
    deleted += gone.length;
    if (moved.length === 0)
      return {
        commit: git?.commit ?? null,
        modified: git?.modified ?? null,
        key: manifest.keyOf(seen),
        copied,
        deleted,
      };
  }
  throw new MmapvetError('TREE_CHANGES', `Files in "${tree}" keep changing while they are copied.`, {
    hint: 'Wait until whatever writes there is done, then run again.',
  });
}

async function listTree(tree: string, signal: AbortSignal): Promise<readonly string[]> {
  const git = await readGitTree(tree, signal);
  if (git !== null) return git.files;
  if (!existsSync(join(tree, '.gitignore'))) return listSources(tree);
  // Debian's source packages carry a .gitignore that leaves nothing over.
  const unignored = await listUnignored(tree, signal);
  return unignored.includes('Makefile') ? unignored : listSources(tree);
}

/** What a kernel built in place leaves behind, for trees that don't say so themselves. */
const PRODUCT_FOLDERS = /^(?:\.git|include\/(?:config|generated)|arch\/[^/]+\/include\/generated|\.tmp_versions)$/;
const PRODUCT_FILES =
  /(?:^|\/)(?:\..*\.(?:cmd|d)|.*\.(?:o|a|ko|mod|mod\.c|order|symvers|dtb|so|so\.dbg|lex\.c|tab\.[ch]))$|^(?:\.?vmlinux.*|System\.map|\.config(?:\.old)?|\.version|\.tmp_.*|modules\.builtin.*)$/;

async function listSources(tree: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(tree, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!PRODUCT_FOLDERS.test(path)) found.push(...(await listSources(tree, path)));
    } else if (path === 'vmlinux.lds.S' || !PRODUCT_FILES.test(path)) found.push(path);
  }
  return found;
}

/** A file changed this shortly before it was looked at could change once more without its times showing it. */
const RACY_NS = 2_000_000_000n;

function stampOf(tree: string, path: string): readonly [stamp: string, stat: BigIntStats] | null {
  const stat = lstatSync(join(tree, path), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) return null;
  return [`${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`, stat];
}

/** Looks at each file, and into those that look different from what is known of them. */
async function scan(
  tree: string,
  files: readonly string[],
  old: Manifest,
  algorithm: string | undefined,
  signal: AbortSignal,
): Promise<Manifest> {
  const seen: Manifest = {};
  const now = BigInt(Date.now()) * 1_000_000n;
  for (const [index, path] of files.entries()) {
    if (index % 1000 === 999) await setImmediate();
    signal.throwIfAborted();
    const found = stampOf(tree, path);
    if (found === null) continue;
    const [stamp, stat] = found;
    const known = old[path];
    if (known?.[0] === stamp) {
      seen[path] = known;
      continue;
    }
    const racy = now - stat.mtimeNs < RACY_NS;
    const kind = stat.isSymbolicLink() ? 'link' : (stat.mode & 0o111n) === 0n ? 'file' : 'program';
    try {
      const content = stat.isSymbolicLink() ? readlinkSync(join(tree, path)) : readFileSync(join(tree, path));
      seen[path] = [racy ? `racy ${stamp}` : stamp, kind, blobId(content, algorithm)];
    } catch (error) {
      // Deleted since it was listed.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return seen;
}

/**
 * Copies by rsync, each file by way of a temporary one. Into a new folder times come along; later a changed file gets the
 * time of its copying, even if the user put an old version back: make compares with objects that were built meanwhile.
 */
async function copyFiles(
  from: string,
  to: string,
  files: readonly string[],
  fresh: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (files.length === 0) return;
  await mkdir(to, { recursive: true });
  const how = ['--links', '--perms', '--chmod=u+rw', '--whole-file', '--ignore-times', ...(fresh ? ['--times'] : [])];
  await run(['rsync', ...how, '--from0', '--files-from=-', `${from}/`, `${to}/`], {
    input: files.join('\0'),
    signal,
    // 24: some files vanished; the check after it sees which.
    allow: [24],
  });
}
