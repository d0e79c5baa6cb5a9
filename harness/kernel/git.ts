/**
 * git, asked about a tree without a trace left in it: no lock, no refreshed index, nothing of its configuration run.
 */
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { run, type ExecResult } from '../core/exec.ts';

/** Under `git bisect run` and hooks, git's own variables would point us at another repository. */
const CLEAN_ENV = {
  GIT_OPTIONAL_LOCKS: '0',
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
  LC_ALL: 'C',
};

const QUIET = ['-c', 'core.fsmonitor=false', '-c', 'core.untrackedCache=false', '-c', 'safe.directory=*'];

export interface GitFacts {
  readonly commit: string | null;
  /** Files that differ from the commit or are new. */
  readonly modified: number;
  /** Paths of tracked and unignored new files, relative to the tree; some may be deleted. */
  readonly files: readonly string[];
}

const splitNul = (text: string): string[] => text.split('\0').filter((part) => part !== '' && !part.endsWith('/'));

function git(folder: string, args: readonly string[], signal?: AbortSignal): Promise<ExecResult> {
  return run(['git', ...QUIET, '-C', folder, ...args], { env: CLEAN_ENV, signal, allow: [1, 128] });
}

/** Null for a folder that is no git working tree, or is but an ignored folder in one. */
export async function readGitTree(folder: string, signal?: AbortSignal): Promise<GitFacts | null> {
  const listed = await git(folder, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], signal);
  if (listed.exitCode !== 0) return null;
  const files = [...new Set(splitNul(listed.stdout))];
  if (!files.includes('Makefile')) return null;
  const [head, status] = await Promise.all([
    git(folder, ['rev-parse', '--quiet', '--verify', 'HEAD'], signal),
    git(folder, ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--', '.'], signal),
  ]);
  return {
    commit: head.exitCode === 0 ? head.stdout.trim() : null,
    modified: status.stdout.split('\0').filter((part) => part !== '').length,
    files,
  };
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
