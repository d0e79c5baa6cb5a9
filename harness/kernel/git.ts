/**
 * git, asked about a tree without a trace left in it: no lock, no refreshed index, nothing of its configuration run.
 * Commits are read through a repository of ours that borrows the user's objects: none of the user's hooks, filters and
 * settings reach it.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { run, type ExecOptions, type ExecResult } from '../core/exec.ts';

/** Under `git bisect run` and hooks, git's own variables would point us at another repository. */
const CLEAN_ENV = {
  GIT_OPTIONAL_LOCKS: '0',
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_NAMESPACE: undefined,
  GIT_PREFIX: undefined,
  LC_ALL: 'C',
};

const OWN_ENV = { ...CLEAN_ENV, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_NO_REPLACE_OBJECTS: '1' };

const QUIET = ['-c', 'core.fsmonitor=false', '-c', 'core.untrackedCache=false', '-c', 'safe.directory=*'];

export interface GitFacts {
  readonly commit: string | null;
  /** Files that differ from the commit, are new or missing. */
  readonly modified: number;
  /** What the ids of its objects are made by. */
  readonly algorithm: string;
  /** Paths of tracked and unignored new files, relative to the tree; some may be deleted. */
  readonly files: readonly string[];
}

const splitNul = (text: string): string[] => text.split('\0').filter((part) => part !== '' && !part.endsWith('/'));

/** Asks the user's repository itself. Only for what runs no filter and writes nothing: names, lists of paths. */
export function askGit(folder: string, args: readonly string[], signal?: AbortSignal): Promise<ExecResult> {
  return run(['git', ...QUIET, '-C', folder, ...args], { env: CLEAN_ENV, signal, allow: [1, 128] });
}

/** Null for a folder that is no git working tree, or is but an ignored folder in one. */
export async function readGitTree(folder: string, signal?: AbortSignal): Promise<GitFacts | null> {
  const [tracked, others] = await Promise.all([
    askGit(folder, ['ls-files', '-z', '--cached'], signal),
    askGit(folder, ['ls-files', '-z', '--others', '--exclude-standard'], signal),
  ]);
  if (tracked.exitCode !== 0) return null;
  const fresh = splitNul(others.stdout);
  const files = [...new Set([...splitNul(tracked.stdout), ...fresh])];
  if (!files.includes('Makefile')) return null;
  await using repository = await borrowObjects(folder, signal);
  if (repository === null) return null;
  const commit = await findCommit(folder, 'HEAD', signal);
  const changed = commit === null ? files.length : await countChanged(repository, commit, folder, signal);
  return { commit, modified: changed + fresh.length, algorithm: repository.algorithm, files };
}

/**
 * Tracked files that differ from the commit. `git status` would run the filters that the repository's configuration
 * names; our own repository has none, so it is asked, with a copy of the user's index.
 */
async function countChanged(repository: Borrowed, commit: string, tree: string, signal?: AbortSignal): Promise<number> {
  const asked = ['rev-parse', '--path-format=absolute', '--git-path', 'index', '--show-toplevel'];
  const [index = '', top = ''] = (await askGit(tree, asked, signal)).stdout.split('\n');
  // A split index has its greater part in a file beside it.
  const shared = (await readdir(dirname(index))).filter((name) => name.startsWith('sharedindex.'));
  for (const name of [basename(index), ...shared])
    await copyFile(join(dirname(index), name), join(repository.folder, name));
  const env = { GIT_INDEX_FILE: join(repository.folder, basename(index)) };
  const where = ['-c', 'core.bare=false', '-C', top, '--work-tree', top];
  await repository.git([...where, 'update-index', '-q', '--refresh'], { env, allow: [1] });
  const words = ['diff-index', '--name-only', '--no-renames', '-z', commit, '--', `:(top,literal)${repository.prefix}`];
  return splitNul((await repository.git([...where, ...words], { env })).stdout).length;
}

/** The commit that a revision names in the user's repository; null for none. */
export async function findCommit(folder: string, revision: string, signal?: AbortSignal): Promise<string | null> {
  const words = ['rev-parse', '--quiet', '--verify', '--end-of-options', `${revision}^{commit}`];
  const found = await askGit(folder, words, signal);
  return found.exitCode === 0 ? found.stdout.trim() : null;
}

/** A bare repository of ours with the user's objects in it, gone when disposed of. */
export interface Borrowed extends AsyncDisposable {
  readonly folder: string;
  /** Where the tree lies below the top of its repository: `` or `linux/`. */
  readonly prefix: string;
  readonly shallow: boolean;
  /** What the ids of its objects are made by. */
  readonly algorithm: string;
  git(args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
}

/** Null where the tree is in no git repository. */
export async function borrowObjects(tree: string, signal?: AbortSignal): Promise<Borrowed | null> {
  const asked = ['--git-path', 'objects', '--git-path', 'shallow', '--show-object-format', '--show-prefix'];
  const said = await askGit(tree, ['rev-parse', '--path-format=absolute', ...asked], signal);
  if (said.exitCode !== 0) return null;
  const [objects = '', shallow = '', format = 'sha1', prefix = ''] = said.stdout.split('\n');
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-git-'));
  const git = (args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> =>
    run(['git', '--git-dir', folder, ...args], {
      signal,
      bytes: true,
      ...options,
      env: { ...OWN_ENV, ...options.env },
    });
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const init = ['git', 'init', '--quiet', '--bare', '--template=', `--object-format=${format}`] as const;
    await run([...init, folder], { env: OWN_ENV, signal });
    await mkdir(join(folder, 'objects/info'), { recursive: true });
    // Quoted as in C, or a path that begins with "#" would be a comment.
    await writeFile(join(folder, 'objects/info/alternates'), `${JSON.stringify(objects)}\n`);
    const isShallow = existsSync(shallow);
    if (isShallow) await copyFile(shallow, join(folder, 'shallow'));
    // Files come out as they were committed, whatever the tree's .gitattributes ask for.
    await mkdir(join(folder, 'info'), { recursive: true });
    await writeFile(join(folder, 'info/attributes'), '* -text -ident -filter -working-tree-encoding\n');
    return { folder, prefix, shallow: isShallow, algorithm: format, git, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

export interface TreeEntry {
  readonly path: string;
  readonly kind: 'file' | 'program' | 'link';
  readonly id: string;
}

const KINDS: Readonly<Record<string, TreeEntry['kind']>> = { '100644': 'file', '100755': 'program', '120000': 'link' };

/** The files of a commit, below the tree's own folder. */
export async function listCommit(repository: Borrowed, commit: string): Promise<TreeEntry[]> {
  const listed = await repository.git(['ls-tree', '-r', '-z', '--full-tree', `${commit}:${repository.prefix}`]);
  return splitNul(listed.stdout).flatMap((line) => {
    const [, mode = '', id = '', path = ''] = /^(\d+) \w+ ([\da-f]+)\t([^]*)$/.exec(line) ?? [];
    // Submodules, which no kernel has, are left out. 100664 is an old spelling of 100644.
    const kind = mode === '100664' ? 'file' : KINDS[mode];
    return kind === undefined ? [] : [{ path: Buffer.from(path, 'latin1').toString('utf8'), kind, id }];
  });
}

/** Writes files of a commit into a folder, new ones over old ones. */
export async function writeFiles(
  repository: Borrowed,
  commit: string,
  paths: readonly string[],
  folder: string,
): Promise<void> {
  if (paths.length === 0) return;
  const env = { GIT_INDEX_FILE: join(repository.folder, 'index') };
  await repository.git(['read-tree', `${commit}:${repository.prefix}`], { env });
  const where = ['-c', 'core.bare=false', '--work-tree', folder];
  await repository.git([...where, 'checkout-index', '--force', '-z', '--stdin'], {
    env,
    cwd: folder,
    input: Buffer.from(paths.map((path) => `${path}\0`).join('')),
  });
}

/**
 * Files of a tree without git that its own .gitignore files don't exclude: what was built in place is left out as its
 * authors list it. The repository that git wants for this is an empty one elsewhere.
 */
export async function listUnignored(folder: string, signal?: AbortSignal): Promise<string[]> {
  const empty = await mkdtemp(join(tmpdir(), 'mmapvet-git-'));
  try {
    await run(['git', 'init', '--quiet', '--bare', empty], { env: CLEAN_ENV, signal });
    const where = ['--git-dir', empty, '--work-tree', folder, '-c', 'core.bare=false'];
    const listed = await run(
      ['git', ...QUIET, ...where, 'ls-files', '-z', '--others', '--exclude-per-directory=.gitignore'],
      { env: CLEAN_ENV, signal, cwd: folder },
    );
    return splitNul(listed.stdout);
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
}
