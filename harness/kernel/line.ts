/** The commits between a good and a bad one, and which of them to look at next. The user's repository is only read. */
import { usageError } from '../core/errors.ts';
import { borrowObjects, type Borrowed } from './git.ts';
import { checkLine, commitOf } from './range.ts';

export interface Commit {
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
  /** When it was committed, ISO 8601. */
  readonly date: string;
}

/** As the kernel's own logs name commits. */
export const shortId = (commit: string): string => commit.slice(0, 12);

export interface Line extends AsyncDisposable {
  readonly tree: string;
  readonly good: Commit;
  readonly bad: Commit;
  describe(commit: string): Promise<Commit>;
  /** Paths that a commit changes. */
  filesOf(commit: string): Promise<readonly string[]>;
  /**
   * Ancestors of `bad`, itself included, that are none of any of `goods`: the first of them halves what is left best, `bad`
   * comes last. Merges are followed, as git bisect does.
   */
  candidates(bad: string, goods: readonly string[]): Promise<readonly string[]>;
}

/**
 * @param tree the user's git tree
 * @throws MmapvetError RANGE_NO_GIT, RANGE_NO_COMMIT, RANGE_EMPTY, RANGE_APART, RANGE_SHALLOW
 */
export async function openLine(tree: string, good: string, bad: string, signal?: AbortSignal): Promise<Line> {
  const borrowed = await borrowObjects(tree, signal);
  if (borrowed === null)
    throw usageError(
      'RANGE_NO_GIT',
      `"${tree}" is no git tree: there are no commits to look through.`,
      'Give a git tree with --kernel.',
    );
  await using stack = new AsyncDisposableStack();
  const repository = stack.use(borrowed);
  const [base, tip] = await Promise.all([
    commitOf(tree, good, repository, signal),
    commitOf(tree, bad, repository, signal),
  ]);
  await checkLine(repository, { text: `${good}..${bad}`, base, tip });
  const describe = (commit: string): Promise<Commit> => readCommit(repository, commit);
  const [goodCommit, badCommit] = await Promise.all([describe(base), describe(tip)]);
  const open = stack.move();
  return {
    tree,
    good: goodCommit,
    bad: badCommit,
    describe,
    filesOf: (commit) => changedFiles(repository, commit),
    candidates: (last, goods) => bisectAll(repository, last, goods),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function readCommit(repository: Borrowed, commit: string): Promise<Commit> {
  const format = '--format=%s%x00%an <%ae>%x00%cI';
  const { stdout } = await repository.git(['log', '-1', format, '--encoding=UTF-8', '--end-of-options', commit]);
  const [subject = '', author = '', date = ''] = Buffer.from(stdout, 'latin1').toString('utf8').trimEnd().split('\0');
  return { commit, subject, author, date };
}

async function changedFiles(repository: Borrowed, commit: string): Promise<string[]> {
  const words = ['diff-tree', '-r', '-z', '--name-only', '--no-commit-id', '--diff-merges=first-parent'];
  const { stdout } = await repository.git([...words, commit]);
  return Buffer.from(stdout, 'latin1').toString('utf8').split('\0').filter(Boolean);
}

async function bisectAll(repository: Borrowed, bad: string, goods: readonly string[]): Promise<string[]> {
  const { stdout } = await repository.git(['rev-list', '--bisect-all', bad, ...goods.map((good) => `^${good}`)]);
  const listed = stdout.split('\n').flatMap((line) => /^[\da-f]+/.exec(line)?.[0] ?? []);
  return [...listed.filter((commit) => commit !== bad), bad];
}
