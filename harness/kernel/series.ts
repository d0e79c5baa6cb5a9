/**
 * Patches on top of a source. They are applied by patch(1) to copies of the files that they name, in a folder apart; only
 * when all of them fit is anything in the source changed.
 */
import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { KernelIdentity } from '../core/events.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import { splitPatches, type Patch } from './mbox.ts';
import { putPatched, type PatchedFile, type WorkFolder } from './work.ts';

export interface Series {
  readonly patches: readonly Patch[];
  readonly identity: KernelIdentity['series'];
}

/**
 * Reads what `--patch` names, in order: patch files, mboxes, folders (with a quilt `series` file or sorted by name).
 * @throws MmapvetError PATCH_NO_SUCH_FILE, PATCH_EMPTY
 */
export async function readSeries(paths: readonly string[], cwd: string): Promise<Series> {
  const patches: Patch[] = [];
  for (const named of paths) {
    const path = resolve(cwd, named);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined)
      throw usageError(
        'PATCH_NO_SUCH_FILE',
        `There is no patch "${named}".`,
        'Give a patch file, an mbox or a folder of patches.',
      );
    const before = patches.length;
    for (const file of found.isDirectory() ? await filesOfFolder(path, named) : [path])
      patches.push(...splitPatches(await readFile(file, 'utf8'), file));
    if (patches.length === before)
      throw usageError(
        'PATCH_EMPTY',
        `There is no diff in "${named}".`,
        'Give a file that "git format-patch" or "diff -u" made.',
      );
  }
  const identity = patches.map(({ subject, author, sha256, file }) => ({ subject, author, sha256, file }));
  return { patches, identity };
}

async function filesOfFolder(folder: string, named: string): Promise<string[]> {
  const series = join(folder, 'series');
  if (!existsSync(series)) {
    const names = (await readdir(folder)).filter((name) => /\.(?:patch|diff|mbox|mbx|eml)$/.test(name));
    return names.toSorted().map((name) => join(folder, name));
  }
  const files = parseQuiltSeries(await readFile(series, 'utf8')).map((name) => join(folder, name));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined)
    throw usageError(
      'PATCH_NO_SUCH_FILE',
      `"${named}/series" names "${basename(missing)}", which is not there.`,
      'Mend the series file.',
    );
  return files;
}

/** Names in a quilt series file: comments and patch options are left out. */
export function parseQuiltSeries(text: string): string[] {
  return text.split('\n').flatMap(
    (line) =>
      line
        .replace(/(^|\s)#.*/, '')
        .trim()
        .split(/\s+/)[0] || [],
  );
}

/**
 * Files that a diff names, below the top folder.
 * @throws MmapvetError PATCH_BAD_PATH for one that leads out of it
 */
export function filesOfDiff(patch: Pick<Patch, 'text' | 'file'>): string[] {
  const found = new Set<string>();
  const headers = /^(?:--- |\+\+\+ |rename from |rename to |copy from |copy to )(.*)$|^diff --git (\S+) (\S+)$/gm;
  for (const match of patch.text.matchAll(headers)) {
    const stripped = match[1] !== undefined && !match[0].startsWith('---') && !match[0].startsWith('+++');
    const names = match[1] === undefined ? [match[2]!, match[3]!] : [match[1].split('\t')[0]!];
    for (const name of names) {
      const path = stripped ? name : name.replace(/^[^/]*\//, '');
      // "---" alone ends a commit message; "/dev/null" stands for no file.
      if (name === '/dev/null' || (!stripped && !name.includes('/'))) continue;
      if (path.startsWith('/') || path.split('/').includes('..'))
        throw usageError(
          'PATCH_BAD_PATH',
          `"${patch.file}" names "${path}", outside of the tree.`,
          'Give another patch.',
        );
      found.add(path);
    }
  }
  return [...found];
}

/**
 * Applies a series to a working folder that is unpatched. On failure the source is left unpatched.
 * @throws MmapvetError PATCH_FAILED naming patch, file and line
 */
export async function applySeries(work: WorkFolder, series: Series, signal: AbortSignal): Promise<void> {
  if (series.patches.length === 0) return putPatched(work, []);
  const scratch = await mkdtemp(join(work.root, 'patching-'));
  try {
    const files = [...new Set(series.patches.flatMap((patch) => filesOfDiff(patch)))];
    for (const file of files) {
      await mkdir(dirname(join(scratch, file)), { recursive: true });
      if (existsSync(join(work.source, file))) await copyFile(join(work.source, file), join(scratch, file));
    }
    for (const patch of series.patches) await applyPatch(patch, scratch, signal);
    const patched: PatchedFile[] = [];
    for (const path of files) patched.push(await readPatched(scratch, path));
    await putPatched(work, patched);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function readPatched(scratch: string, path: string): Promise<PatchedFile> {
  const place = join(scratch, path);
  if (!existsSync(place)) return { path, content: null, mode: 0 };
  return { path, content: await readFile(place), mode: (await stat(place)).mode & 0o777 };
}

async function applyPatch(patch: Patch, folder: string, signal: AbortSignal): Promise<void> {
  const options = ['--strip=1', '--force', '--no-backup-if-mismatch', '--reject-file=-'];
  const result = await run(['patch', ...options, '--directory', folder], {
    input: patch.text,
    signal,
    env: { LC_ALL: 'C' },
    allow: [1, 2],
  });
  if (result.exitCode === 0) return;
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const where = findRejection(lines);
  throw new MmapvetError(
    'PATCH_FAILED',
    `The patch "${patch.subject}" does not apply${where === null ? '' : `: ${where}`}.`,
    {
      blame: 'usage',
      hint: `Rebase "${patch.file}" on this kernel, or choose the kernel that it is for with --kernel.`,
      details: lines.slice(0, 40),
    },
  );
}

/** The first complaint of patch(1), as `mm/util.c line 1234, hunk 2`. */
export function findRejection(lines: readonly string[]): string | null {
  let file = '';
  for (const line of lines) {
    file = /^(?:patching|checking) file '?(.*?)'?$/.exec(line)?.[1] ?? file;
    const hunk = /^Hunk #(\d+) FAILED at (\d+)/.exec(line);
    if (hunk !== null) return `${file} line ${hunk[2]}, hunk ${hunk[1]}`;
    if (/Reversed \(or previously applied\) patch detected/.test(line)) return `${file} has it already`;
    const missing = /^can't find file to patch at input line (\d+)/.exec(line);
    if (missing !== null) return `the file that line ${missing[1]} of it names is not in this kernel`;
    const malformed = /malformed patch at line (\d+)/.exec(line);
    if (malformed !== null) return `it is malformed at its line ${malformed[1]}`;
    if (/Only garbage was found/.test(line)) return 'it holds no diff that patch(1) understands';
  }
  return null;
}
