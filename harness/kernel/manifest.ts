/**
 * What our copy of a source holds, file by file: known beforehand, so that only what differs is written. Contents go by
 * git's own ids, which makes a tree on disk and a commit comparable.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOf } from './cache.ts';
import { removeEmptyParents, type WorkFolder } from './work.ts';

/** A file as it was last seen: a stamp of size, times and inode in the user's tree, its kind, its content's id. */
export type Known = readonly [stamp: string, kind: string, id: string];
export type Manifest = Record<string, Known>;

const sameContent = (a: Known | undefined, b: Known | undefined): boolean => a?.[1] === b?.[1] && a?.[2] === b?.[2];

/** What has to be written, and what deleted, to get from one to the other. */
export function difference(old: Manifest, wanted: Manifest): { readonly changed: string[]; readonly gone: string[] } {
  return {
    changed: Object.keys(wanted).filter((path) => !sameContent(wanted[path], old[path])),
    gone: Object.keys(old).filter((path) => wanted[path] === undefined),
  };
}

export interface OpenManifest {
  readonly old: Manifest;
  /** Deletes what is gone. From here to `finish`, the manifest claims none of the files in flight. */
  begin(changed: readonly string[], gone: readonly string[]): Promise<void>;
  finish(now: Manifest): Promise<void>;
  keyOf(now: Manifest): string;
}

/** One that was cut when this machine went down says nothing of the copy, which is made anew then. */
async function parse(text: string, work: WorkFolder): Promise<Manifest> {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    await rm(work.source, { recursive: true, force: true });
    return {};
  }
}

export async function openManifest(work: WorkFolder): Promise<OpenManifest> {
  const file = join(work.root, 'manifest.json');
  const write = async (manifest: Manifest): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(manifest));
    await rename(`${file}.new`, file);
  };
  const text = await readFile(file, 'utf8').catch(() => null);
  const old = text === null ? {} : await parse(text, work);
  return {
    old,
    async begin(changed, gone) {
      const without = (...lists: readonly (readonly string[])[]): Manifest => {
        const left = new Set(lists.flat());
        return Object.fromEntries(Object.entries(old).filter(([path]) => !left.has(path)));
      };
      await write(without(changed));
      for (const path of gone) {
        await rm(join(work.source, path), { force: true });
        await removeEmptyParents(work.source, path);
      }
      // Before anything new is written: a link may come where a folder was, and nothing is ever deleted through it.
      if (gone.length > 0) await write(without(changed, gone));
    },
    async finish(now) {
      const paths = Object.keys(now);
      if (paths.length !== Object.keys(old).length || paths.some((path) => now[path] !== old[path])) await write(now);
    },
    keyOf: (now) =>
      keyOf(
        'tree',
        Object.keys(now)
          .toSorted()
          .map((path) => `${path}\0${now[path]![1]}\0${now[path]![2]}`),
      ),
  };
}
