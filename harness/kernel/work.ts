/**
 * A working folder: our own copy of one source, and the object folders that are built from it. One per tree path, tarball
 * or package version; patches are applied in it, so that make recompiles only what they touch. All of it is behind one lock.
 *
 *   source/    the files, patched or not
 *   orig/      the unpatched version of each file that a patch changed or deleted
 *   created/   an empty file for each file that a patch created
 *   objects/   one folder a target and configuration
 *
 * `orig` and `created` are all the state there is, and each step keeps them true: a run may die anywhere.
 */
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blobId } from './blob.ts';

export interface WorkFolder {
  readonly root: string;
  readonly source: string;
}

export const workFolderAt = (root: string): WorkFolder => ({ root, source: join(root, 'source') });

/** Every file below a folder, as paths relative to it; empty for a folder that is not there. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

/** Puts every file back as it was before patches. The patched ones are kept in `was/`, time and all, for `putPatched`. */
export async function unpatch(work: WorkFolder): Promise<void> {
  const { root, source } = work;
  await rm(join(root, 'was'), { recursive: true, force: true });
  for (const file of await filesBelow(join(root, 'orig'))) {
    await moveIfThere(join(source, file), join(root, 'was', file));
    // New enough for make: its object file was built from the patched one.
    const now = new Date();
    await utimes(join(root, 'orig', file), now, now);
    await mkdir(dirname(join(source, file)), { recursive: true });
    await rename(join(root, 'orig', file), join(source, file));
  }
  for (const file of await filesBelow(join(root, 'created'))) {
    await moveIfThere(join(source, file), join(root, 'was', file));
    await removeEmptyParents(source, file);
    await rm(join(root, 'created', file));
  }
}

export interface PatchedFile {
  readonly path: string;
  /** Null for a deleted file. */
  readonly content: Buffer | null;
  readonly mode: number;
}

/**
 * Writes the files of a series into the (unpatched) source. A file that comes out as it was before `unpatch` gets its old
 * time back, so that make has nothing to do.
 * @returns a line for each file that is not as it was: its path, kind and content's id
 */
export async function putPatched(work: WorkFolder, files: readonly PatchedFile[]): Promise<string[]> {
  const { root, source } = work;
  const different: string[] = [];
  for (const { path, content, mode } of files) {
    const place = join(source, path);
    const before = await readFile(place).catch(() => null);
    if (before === null && content === null) continue;
    const sameKind = before !== null && isProgram((await stat(place)).mode) === isProgram(mode);
    if (sameKind && content !== null && before.equals(content)) continue;
    different.push(
      content === null ? `${path}\0gone` : `${path}\0${isProgram(mode) ? 'program' : 'file'}\0${blobId(content)}`,
    );
    if (before === null) await writeWhole(join(root, 'created', path), '', 0o644);
    else await copyWhole(place, join(root, 'orig', path));
    if (content === null) await rm(place);
    else if ((await readFile(join(root, 'was', path)).catch(() => null))?.equals(content) === true) {
      await mkdir(dirname(place), { recursive: true });
      await rename(join(root, 'was', path), place);
      await chmod(place, mode);
    } else await writeWhole(place, content, mode);
  }
  await rm(join(root, 'was'), { recursive: true, force: true });
  return different.toSorted();
}

const isProgram = (mode: number): boolean => (mode & 0o111) !== 0;

async function moveIfThere(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function writeWhole(path: string, content: string | Buffer, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.mmapvet`, content, { mode });
  await rename(`${path}.mmapvet`, path);
}

async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, `${to}.mmapvet`);
  await rename(`${to}.mmapvet`, to);
}

/** Removes the folders that a removed file leaves empty, below `top`. */
export async function removeEmptyParents(top: string, file: string): Promise<void> {
  for (let at = dirname(file); at !== '.'; at = dirname(at)) {
    try {
      await rmdir(join(top, at));
    } catch {
      return;
    }
  }
}
