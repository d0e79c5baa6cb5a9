/**
 * Patches on top of a source. They are applied by patch(1) to copies of the files that they name, in a folder apart; only
 * when all of them fit is anything in the source changed.
 */
import { existsSync, lstatSync } from 'node:fs';
import { copyFile, lstat, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MmapvetError, usageError } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import { parseDiff, pathsOf, type Diff } from './diff.ts';
import type { Patch } from './mbox.ts';
import { explain, sideBySide, type Rejection } from './rejection.ts';
import { putPatched, type PatchedFile, type WorkFolder } from './work.ts';

export interface ApplyOptions {
  /** Lines of context that may differ, as patch(1) counts them. */
  readonly fuzz: number;
  readonly signal: AbortSignal;
}

/**
 * Applies patches to a working folder that is unpatched. On failure the source is left unpatched.
 * @returns a line for each file that is not as it was, with its content's id
 * @throws MmapvetError PATCH_FAILED naming patch, file and line; PATCH_BAD_PATH
 */
export async function applyPatches(
  work: WorkFolder,
  patches: readonly Patch[],
  options: ApplyOptions,
): Promise<string[]> {
  if (patches.length === 0) return putPatched(work, []);
  const diffs = patches.map((patch) => parseDiff(patch.text, patch.strip));
  const paths = [...new Set(diffs.flatMap(pathsOf))];
  for (const path of paths) refuseLinks(work.source, path);
  const scratch = await mkdtemp(join(work.root, 'patching-'));
  try {
    for (const path of paths) {
      await mkdir(dirname(join(scratch, path)), { recursive: true });
      if (existsSync(join(work.source, path))) await copyFile(join(work.source, path), join(scratch, path));
    }
    for (const [index, patch] of patches.entries())
      await applyOne(patch, diffs[index]!, { scratch, source: work.source }, options);
    const patched: PatchedFile[] = [];
    for (const path of paths) patched.push(await readPatched(scratch, path));
    return await putPatched(work, patched);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A link in the tree, which may not be the user's own, could lead a patch anywhere on this host. */
function refuseLinks(source: string, path: string): void {
  const parts = path.split('/');
  for (let length = 1; length <= parts.length; length += 1) {
    const at = parts.slice(0, length).join('/');
    const found = lstatSync(join(source, at), { throwIfNoEntry: false });
    if (found === undefined) return;
    const isLast = length === parts.length;
    if (isLast ? found.isFile() : found.isDirectory()) continue;
    const what = found.isSymbolicLink() ? 'a symbolic link' : found.isDirectory() ? 'a folder' : 'a file';
    throw usageError(
      'PATCH_BAD_PATH',
      `A patch changes "${path}", but "${at}" is ${what} in this kernel.`,
      'Change the file that it stands for.',
    );
  }
}

async function readPatched(scratch: string, path: string): Promise<PatchedFile> {
  const place = join(scratch, path);
  if (!existsSync(place)) return { path, content: null, mode: 0 };
  return { path, content: await readFile(place), mode: (await lstat(place)).mode & 0o777 };
}

/** Unified diffs and nothing else: an ed script would be run. */
const PATCH = ['patch', '--unified', '--force', '--binary', '--no-backup-if-mismatch', '--reject-file=-'] as const;

interface Places {
  readonly scratch: string;
  readonly source: string;
}

async function applyOne(patch: Patch, diff: Diff, places: Places, options: ApplyOptions): Promise<void> {
  const folder = places.scratch;
  const before = new Map<string, string | null>();
  for (const path of pathsOf(diff)) before.set(path, await readText(join(folder, path)));
  const how = [`--strip=${patch.strip}`, `--fuzz=${options.fuzz}`, '--directory', folder];
  const result = await run([...PATCH, ...how], {
    input: Buffer.from(patch.text, 'latin1'),
    signal: options.signal,
    env: { LC_ALL: 'C', POSIXLY_CORRECT: undefined },
    allow: [1, 2],
  });
  if (result.exitCode === 0) return;
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  throw failed(patch, explain(diff, before, options.fuzz), lines, places.source);
}

const readText = (path: string): Promise<string | null> => readFile(path, 'latin1').catch(() => null);

/** Leading parts to take off so that its paths are this kernel's; null where no number does it. */
function fittingStrip(patch: Patch, source: string): number | null {
  const fits = (strip: number): boolean => {
    const paths = pathsOf(parseDiff(patch.text, strip)).filter((path) => path !== '' && !path.includes('..'));
    return paths.some((path) => existsSync(join(source, path)));
  };
  return [0, 2, 3].find(fits) ?? null;
}

function failed(patch: Patch, rejection: Rejection | null, lines: readonly string[], source: string): MmapvetError {
  const start = `The patch "${patch.subject}"`;
  const make = (message: string, hint: string, details: readonly string[]): MmapvetError =>
    new MmapvetError('PATCH_FAILED', message, { blame: 'usage', hint, details });
  const rebase = `Rebase "${patch.file}" on this kernel, or choose the kernel that it is for with --kernel.`;
  if (rejection === null) return make(`${start} does not apply.`, rebase, lines.slice(0, 40));
  switch (rejection.kind) {
    case 'another-tree': {
      const strip = fittingStrip(patch, source);
      return make(
        `${start} is for another tree: this kernel has none of its files, such as "${rejection.path}".`,
        strip === null
          ? 'Choose the kernel that it is for with --kernel.'
          : `Put it into a folder with a quilt "series" file that says "${basename(patch.file)} -p${strip}": so its paths would fit.`,
        [],
      );
    }
    case 'missing':
      return make(`${start} does not apply: "${rejection.path}" is not in this kernel.`, rebase, []);
    case 'exists':
      return make(`${start} does not apply: it makes "${rejection.path}", which is there already.`, rebase, []);
    case 'hunk': {
      const { path, hunk, number, why } = rejection;
      const where = `${path} line ${hunk.oldStart}, hunk ${number}`;
      const details = sideBySide(rejection);
      switch (why.kind) {
        case 'applied':
          return make(
            `${start} is in this kernel already, at least in part: ${where}.`,
            `Leave "${patch.file}" out.`,
            details,
          );
        case 'fuzz':
          return make(
            `${start} does not apply: ${where}; with fuzz ${why.fuzz} it would.`,
            `See below whether what differs matters, then rebase it, or let it pass with --fuzz ${why.fuzz}.`,
            details,
          );
        case 'space':
          return make(
            `${start} does not apply: ${where}; it differs from the kernel in white space only${patch.flowed ? ', being sent as format=flowed' : ''}.`,
            "Get it from the list's archive, as with --patch b4:MESSAGE-ID: a mailer has changed its blanks.",
            details,
          );
        case 'differs':
          return make(`${start} does not apply: ${where}.`, rebase, details);
      }
    }
  }
}
