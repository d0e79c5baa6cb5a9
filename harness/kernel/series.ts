/** The patches that a user names, read and checked before anything is done: what can't be applied safely is refused here. */
import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { KernelIdentity } from '../core/events.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import { B4_PREFIX, fetchByB4 } from './b4.ts';
import { parseDiff, pathsOf } from './diff.ts';
import { splitPatches, type Patch } from './mbox.ts';
import type { Range } from './range.ts';

export interface Series {
  /** To be applied, in order. */
  readonly patches: readonly Patch[];
  /** All that the source has on top of its base: commits of a range, then the patches. */
  readonly identity: KernelIdentity['series'];
}

/**
 * Reads what `--patch` names, in order: patch files, mboxes, folders (with a quilt `series` file or sorted by name), and
 * threads that b4 fetches.
 * @throws MmapvetError PATCH_NO_SUCH_FILE, PATCH_EMPTY, PATCH_UNREADABLE, B4_FAILED, and those of splitPatches and checkPatch
 */
export async function readSeries(names: readonly string[], cwd: string, signal?: AbortSignal): Promise<Series> {
  const patches: Patch[] = [];
  for (const name of names) {
    const found = name.startsWith(B4_PREFIX)
      ? splitPatches((await fetchByB4(name, cwd, signal)).toString('latin1'), name)
      : await readNamed(name, resolve(cwd, name));
    if (found.length === 0)
      throw usageError(
        'PATCH_EMPTY',
        `There is no patch in "${name}".`,
        'Give what "git format-patch" or "diff -u" made; covers and answers to mails are left out.',
      );
    patches.push(...found);
  }
  patches.forEach(checkPatch);
  return { patches, identity: patches.map(identify) };
}

/** The commits of a range are in the source already; patches come on top. */
export const onTopOf = (range: Range, series: Series): Series => ({
  patches: series.patches,
  identity: [...range.commits.map(identify), ...series.identity],
});

const identify = ({ subject, author, sha256, file }: Patch): KernelIdentity['series'][number] => ({
  subject,
  author,
  sha256,
  file,
});

async function readNamed(name: string, path: string): Promise<Patch[]> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw usageError(
      'PATCH_NO_SUCH_FILE',
      `There is no patch "${name}".`,
      `Give a patch file, an mbox, a folder of patches, or ${B4_PREFIX}MESSAGE-ID.`,
    );
  if (!found.isDirectory()) return readFilePatches({ file: path, strip: 1 });
  const files = await filesOfFolder(path, name);
  const read = await Promise.all(files.map(readFilePatches));
  return read.flat();
}

interface PatchFile {
  readonly file: string;
  readonly strip: number;
}

async function readFilePatches({ file, strip }: PatchFile): Promise<Patch[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new MmapvetError('PATCH_UNREADABLE', `The patch "${file}" can't be read.`, {
      blame: 'usage',
      hint: 'Check its permissions.',
      cause: error,
    });
  }
  return splitPatches(bytes.toString('latin1'), file, strip);
}

async function filesOfFolder(folder: string, named: string): Promise<PatchFile[]> {
  const series = join(folder, 'series');
  if (!existsSync(series)) {
    const names = (await readdir(folder)).filter((name) => /\.(?:patch|diff|mbox|mbx|eml)$/.test(name));
    return names.toSorted().map((name) => ({ file: join(folder, name), strip: 1 }));
  }
  const entries = parseQuiltSeries(await readFile(series, 'utf8'));
  for (const { name, reverse } of entries) {
    if (reverse)
      throw usageError(
        'PATCH_REVERSE',
        `"${named}/series" reverses "${name}" (-R).`,
        'Give the reversed patch itself.',
      );
    if (!existsSync(join(folder, name)))
      throw usageError(
        'PATCH_NO_SUCH_FILE',
        `"${named}/series" names "${basename(name)}", which is not there.`,
        'Mend the series file.',
      );
  }
  return entries.map(({ name, strip }) => ({ file: join(folder, name), strip }));
}

export interface QuiltEntry {
  readonly name: string;
  readonly strip: number;
  readonly reverse: boolean;
}

/** A quilt series file: a name a line, then options for patch(1); `#` begins a comment. */
export function parseQuiltSeries(text: string): QuiltEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, ...options] = line
      .replace(/(^|\s)#.*/, '')
      .trim()
      .split(/\s+/);
    if (name === undefined || name === '') return [];
    const strip = options.map((option) => /^-p(\d+)$/.exec(option)?.[1]).find((number) => number !== undefined);
    return [{ name, strip: Number(strip ?? 1), reverse: options.includes('-R') }];
  });
}

/**
 * Refuses what no kernel's patch needs and what would do harm: damaged and binary diffs, symlinks, paths out of the tree.
 * @throws MmapvetError PATCH_DAMAGED, PATCH_FLOWED, PATCH_BINARY, PATCH_SYMLINK, PATCH_BAD_PATH
 */
export function checkPatch(patch: Patch): void {
  const diff = parseDiff(patch.text, patch.strip);
  const what = `The patch "${patch.subject}" ("${patch.file}")`;
  if (diff.damage !== null) {
    const { line, text, why } = diff.damage;
    const how = patch.flowed ? ' It was sent as format=flowed, which breaks long lines.' : '';
    throw new MmapvetError(
      patch.flowed ? 'PATCH_FLOWED' : 'PATCH_DAMAGED',
      `${what} is damaged: its line ${line} ${why}.${how}`,
      {
        blame: 'usage',
        hint: `Get it anew from whoever made it, as git send-email sends it, or from the list's archive.`,
        details: [`${line}: ${text}`],
      },
    );
  }
  for (const file of diff.files) {
    const name = file.newPath ?? file.oldPath ?? '';
    if (file.binary)
      throw usageError('PATCH_BINARY', `${what} changes the binary file "${name}".`, 'Leave that file out.');
    if (file.modes.includes('120000') || file.modes.includes('160000'))
      throw usageError(
        'PATCH_SYMLINK',
        `${what} makes or changes "${name}", which is no plain file but a link.`,
        'Leave that file out, or apply the patch in a tree of yours and give that with --kernel.',
      );
  }
  for (const path of pathsOf(diff)) checkPath(path, what);
}

function checkPath(path: string, what: string): void {
  const parts = path.split('/');
  if (path === '')
    throw usageError(
      'PATCH_BAD_PATH',
      `${what} names a file without a leading folder such as a/.`,
      'Make it with "git diff", or with "diff -u a/FILE b/FILE" in the folder above.',
    );
  if (path.startsWith('/') || parts.some((part) => part === '..' || part === '.git') || /[\0-\x1f]/.test(path))
    throw usageError('PATCH_BAD_PATH', `${what} names "${path}", outside of the tree.`, 'Give another patch.');
}
