/** `--range BASE..TIP`: commits of the user's repository as a series. The tree's files on disk play no part in it. */
import { createHash } from 'node:crypto';
import { MmapvetError, usageError } from '../core/errors.ts';
import { borrowObjects, findCommit, type Borrowed } from './git.ts';
import type { Patch } from './mbox.ts';

export interface Range {
  readonly tree: string;
  /** As given. */
  readonly name: string;
  readonly base: string;
  readonly tip: string;
  /** Oldest first; a merge is one step, against its first parent. */
  readonly commits: readonly RangeCommit[];
}

export interface RangeCommit extends Patch {
  readonly commit: string;
}

/** What nobody vets one by one; for more there is bisection. */
const MOST = 1000;

/** @throws MmapvetError RANGE_BAD */
export function parseRange(text: string): { readonly base: string; readonly tip: string } {
  const match = /^([^\s.](?:(?!\.\.)\S)*)?\.\.(?!\.)((?:(?!\.\.)\S)+)?$/.exec(text);
  if (match === null || (match[1] === undefined && match[2] === undefined))
    throw usageError('RANGE_BAD', `"${text}" is no range of commits.`, 'Write it like v7.3..HEAD, with two dots.');
  return { base: match[1] ?? 'HEAD', tip: match[2] ?? 'HEAD' };
}

/**
 * @param tree the user's git tree, which is only read
 * @throws MmapvetError RANGE_BAD, RANGE_NO_GIT, RANGE_NO_COMMIT, RANGE_EMPTY, RANGE_APART, RANGE_LONG, RANGE_SHALLOW
 */
export async function readRange(tree: string, text: string, signal?: AbortSignal): Promise<Range> {
  const named = parseRange(text);
  const borrowed = await borrowObjects(tree, signal);
  if (borrowed === null)
    throw usageError(
      'RANGE_NO_GIT',
      `"${text}" is a range of commits, but "${tree}" is no git tree.`,
      'Give a git tree with --kernel, or the patches with --patch.',
    );
  await using repository = borrowed;
  const [base, tip] = await Promise.all([
    commitOf(tree, named.base, repository, signal),
    commitOf(tree, named.tip, repository, signal),
  ]);
  const count = await checkLine(repository, { text, base, tip });
  if (count > MOST)
    throw usageError('RANGE_LONG', `"${text}" has ${count} commits.`, `Give a range of at most ${MOST}.`);
  return { tree, name: text, base, tip, commits: await readCommits(repository, base, tip) };
}

/** @throws MmapvetError RANGE_NO_COMMIT */
export async function commitOf(
  tree: string,
  name: string,
  repository: Borrowed,
  signal?: AbortSignal,
): Promise<string> {
  const found = await findCommit(tree, name, signal);
  if (found !== null) return found;
  throw usageError(
    'RANGE_NO_COMMIT',
    `There is no commit "${name}" in "${tree}".`,
    repository.shallow
      ? 'Fetch it first: the repository is shallow, "git fetch --unshallow" gets its whole history.'
      : 'Look at "git branch --all" and "git tag", and fetch what is missing.',
  );
}

/** Number of steps from base to tip. @throws MmapvetError RANGE_EMPTY, RANGE_APART, RANGE_SHALLOW */
export async function checkLine(
  repository: Borrowed,
  range: { readonly text: string; readonly base: string; readonly tip: string },
): Promise<number> {
  const { text, base, tip } = range;
  if (base === tip)
    throw usageError('RANGE_EMPTY', `There is no commit in "${text}": both ends are the same.`, 'Give another base.');
  const allow = { allow: [1, 128] };
  const before = await repository.git(['merge-base', '--is-ancestor', base, tip], allow);
  if (before.exitCode === 0) {
    const counted = await repository.git(['rev-list', '--count', '--first-parent', `${base}..${tip}`]);
    return Number(counted.stdout);
  }
  const common = await repository.git(['merge-base', base, tip], allow);
  const fork = common.stdout.trim();
  if (fork === tip)
    throw usageError('RANGE_EMPTY', `There is no commit in "${text}": its tip lies before its base.`, 'Swap the ends.');
  if (fork !== '')
    throw usageError(
      'RANGE_APART',
      `"${text}" is no line of commits: the base is not among the ancestors of the tip.`,
      `Give the commit where they part: ${fork.slice(0, 12)}..${text.replace(/^.*\.\./, '')}`,
    );
  throw usageError(
    repository.shallow ? 'RANGE_SHALLOW' : 'RANGE_APART',
    `"${text}" has no beginning: ${repository.shallow ? 'the repository is shallow, and the way from base to tip is not in it' : 'its ends have no commit in common'}.`,
    repository.shallow ? 'Run "git fetch --unshallow" in it.' : 'Give a base that the tip is made from.',
  );
}

const FORMAT = '%x00%H%x00%an <%ae>%x00%s%x00From: %an <%ae>%nSubject: %s%n%n%b%n---%n';

/** As git log prints them, by our own settings: the same commit has the same text, and sha256, everywhere. */
async function readCommits(repository: Borrowed, base: string, tip: string): Promise<RangeCommit[]> {
  const diff = ['--patch', '--binary', '--full-index', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'];
  const relative = repository.prefix === '' ? [] : [`--relative=${repository.prefix}`];
  const line = ['--first-parent', '--diff-merges=first-parent', '--reverse', '--encoding=UTF-8'];
  const range = ['--end-of-options', `${base}..${tip}`];
  try {
    const log = await repository.git(['log', ...line, ...diff, ...relative, `--format=${FORMAT}`, ...range]);
    const parts = log.stdout.split('\0').slice(1);
    return Array.from({ length: Math.floor(parts.length / 4) }, (_, index) => {
      const [commit = '', author = '', subject = '', text = ''] = parts.slice(index * 4, index * 4 + 4);
      return {
        commit,
        author: Buffer.from(author, 'latin1').toString('utf8'),
        subject: Buffer.from(subject, 'latin1').toString('utf8'),
        sha256: createHash('sha256').update(text, 'latin1').digest('hex'),
        file: commit,
        text,
        strip: 1,
        flowed: false,
      };
    });
  } catch (error) {
    if (!(error instanceof MmapvetError) || !/missing|unable to read|bad object/i.test(error.details.join('\n')))
      throw error;
    throw new MmapvetError('RANGE_SHALLOW', 'Objects of these commits are not in the repository.', {
      blame: 'usage',
      hint: 'Fetch them first: it is a partial or shallow clone.',
      details: error.details,
      cause: error,
    });
  }
}
