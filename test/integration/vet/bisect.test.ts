/** The search itself, on real repositories; what a kernel shows is made up here, so that every place of the culprit is tried. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLine, type Line } from '../../../harness/kernel/line.ts';
import { planRun } from '../../../harness/run/plan.ts';
import { bisect, type BisectResult, type Tell } from '../../../harness/vet/bisect/bisect.ts';
import { judge, type CellRuns } from '../../../harness/vet/bisect/judge.ts';
import type { CommitQuestion } from '../../../harness/vet/bisect/kernel.ts';
import { openLog, type Step } from '../../../harness/vet/bisect/log.ts';
import { resultLines } from '../../../harness/vet/bisect/report.ts';
import { fingerprint } from '../../fixtures/fingerprint.ts';
import { commitAll, gitIn } from '../../fixtures/git.ts';

const QUIET: Tell = {
  begin: () => {},
  progress: () => ({ name: 'progress', reporter: { onEvent: () => {} } }),
  done: () => {},
  note: () => {},
};
const PLAN = {
  ...planRun({ target: ['x86_64'], clause: ['F01,E02'], path: ['direct'], repeat: '3' }),
  confirm: 0,
};

let folder: string;
let tree: string;
let commits: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  tree = join(folder, 'a "git" tree');
  gitIn(folder, 'init', '-q', tree);
  commits = [];
  for (let n = 0; n <= 12; n += 1) commits.push(await commit(`number ${n}`));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function commit(text: string): Promise<string> {
  await writeFile(join(tree, 'file'), text);
  return commitAll(tree, text);
}

/** How often a commit shows the fault in so many runs; null for one that can't be built. */
type Kernel = (commit: string, runs: number) => number | null;

/** Bad from the n-th commit on. */
const from =
  (n: number, skipped: readonly number[] = []): Kernel =>
  (id, runs) => {
    const at = commits.indexOf(id);
    if (skipped.includes(at)) return null;
    return at >= n ? runs : 0;
  };

function stepOf(question: CommitQuestion, kernel: Kernel): Step {
  const runs = question.bad > 0 ? Math.max(question.bad, question.needed) : question.needed;
  const shown = kernel(question.commit, runs);
  const cells: CellRuns[] =
    shown === null
      ? []
      : [
          { name: 'F01.direct x86_64', shown, runs, silent: 0, reason: shown > 0 ? 'broken' : '' },
          { name: 'E02.direct x86_64', shown: 0, runs, silent: 0, reason: '' },
        ].filter(({ name }) => question.cells?.has(name) ?? true);
  const why = shown === null ? 'does not build' : '';
  const verdict = shown === null ? 'skipped' : judge(cells, question.needed)!;
  return { kind: 'step', commit: question.commit, verdict, why, cells, images: {}, sameAs: null, folder: null };
}

interface Tried {
  readonly result: BisectResult;
  readonly asked: readonly CommitQuestion[];
}

async function search(kernel: Kernel, ends: readonly [string, string] = ['main~12', 'main']): Promise<Tried> {
  await using line: Line = await openLine(tree, ...ends);
  const asked: CommitQuestion[] = [];
  const result = await bisect({
    line,
    plan: PLAN,
    patches: { patches: [], identity: [] },
    log: openLog(join(folder, 'log'), false),
    tell: QUIET,
    test: async (question) => {
      asked.push(question);
      return Promise.resolve(stepOf(question, kernel));
    },
  });
  await rm(join(folder, 'log'), { recursive: true, force: true });
  return { result, asked };
}

const found = ({ result }: Tried): number[] => result.suspects.map((suspect) => commits.indexOf(suspect.commit));

test('every place of the culprit, in few steps, and nothing of the repository changes', async () => {
  const before = fingerprint(tree);
  for (let n = 1; n <= 12; n += 1) {
    const tried = await search(from(n));
    expect(found(tried)).toEqual([n]);
    expect(tried.asked.length).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(12)));
    // Only what the bad end shows is run again.
    expect(
      tried.asked.slice(1).every(({ plan }) => plan.checks.map(({ clause }) => clause.id).join(' ') === 'F01'),
    ).toBe(true);
    expect(tried.result.confidence).toBeGreaterThan(0.99);
  }
  expect(fingerprint(tree)).toEqual(before);
}, 300_000);

test('commits that do not build are gone round', async () => {
  expect(found(await search(from(9, [6, 7])))).toEqual([9]);
  expect(found(await search(from(9, [3, 4, 5, 6, 7])))).toEqual([9]);
});

test('where they lie beside the culprit, all that it may be are named', async () => {
  const tried = await search(from(9, [8, 9, 10]));
  expect(found(tried).toSorted((a, b) => a - b)).toEqual([8, 9, 10, 11]);
  expect(found(tried).at(-1)).toBe(11);
});

test('the answer names the commit, what it changes, how sure that is and how to run it', async () => {
  const { result } = await search(from(9));
  await using line = await openLine(tree, 'main~12', 'main');
  const places = { line, plan: PLAN, command: [], folder: '/log', replay: '/log/git-bisect.log' };
  const text = (await resultLines(result, places, { style: (_, each) => each })).join('\n');
  expect(text).toContain(`${commits[9]!.slice(0, 12)} is the first bad commit\n  number 9\n  J. Döe <j@example.org>`);
  expect(text).toMatch(/^ {2}changes +file$/m);
  expect(text).toMatch(/^ {2}breaks +F01\.direct x86_64: broken$/m);
  expect(text).toMatch(/^ {2}confidence +99\.\d %: the fault showed in \d+ of \d+ runs of bad kernels/m);
  expect(text).toMatch(/--range \S+ --target x86_64 --clause F01/);
});

test('a fault that comes only now and then: good kernels are run more often, and the result is less sure', async () => {
  const steady = await search(from(9));
  const rare = await search((id, runs) => (commits.indexOf(id) >= 9 ? Math.ceil(runs / 3) : 0));
  expect(found(rare)).toEqual([9]);
  const runs = ({ asked }: Tried): number => Math.max(...asked.slice(1).map(({ needed }) => needed));
  expect(runs(steady)).toBe(3);
  expect(runs(rare)).toBeGreaterThan(8);
  expect(rare.result.confidence).toBeLessThan(steady.result.confidence);
});

test('a culprit on a branch that was merged', async () => {
  gitIn(tree, 'checkout', '-q', '-b', 'side', 'main~6');
  await writeFile(join(tree, 'other'), 'one');
  const one = commitAll(tree, 'side one');
  await writeFile(join(tree, 'other'), 'two');
  const two = commitAll(tree, 'side two');
  gitIn(tree, 'checkout', '-q', 'main');
  gitIn(tree, 'merge', '-q', '--no-ff', '-m', 'merge side', 'side');
  const merge = gitIn(tree, 'rev-parse', 'main');
  const { result } = await search((id, runs) => ([two, merge].includes(id) ? runs : 0), ['main~13', 'main']);
  expect(result.suspects.map(({ commit: id }) => id)).toEqual([two]);
  expect(result.steps.find((step) => step.commit === one)?.verdict).toBe('good');
});

describe('ends', () => {
  test('a bad end that is good', async () => {
    await expect(search(() => 0)).rejects.toMatchObject({ code: 'BISECT_BAD_IS_GOOD' });
  });

  test('a good end that is bad', async () => {
    await expect(search((_, runs) => runs)).rejects.toMatchObject({
      code: 'BISECT_GOOD_IS_BAD',
      details: [expect.stringMatching(/^F01\.direct x86_64: 3 of 3 runs: broken$/)],
    });
  });

  test.each([0, 12])('one that does not build: %i', async (n) => {
    await expect(search(from(9, [n]))).rejects.toMatchObject({ code: 'BISECT_END' });
  });

  test.each<[string, string, string]>([
    ['no-such', 'main', 'RANGE_NO_COMMIT'],
    ['main', 'main', 'RANGE_EMPTY'],
    ['main', 'main~3', 'RANGE_EMPTY'],
    ['orphan', 'main', 'RANGE_APART'],
    ['--all', 'main', 'RANGE_NO_COMMIT'],
  ])('%s..%s', async (good, bad, code) => {
    gitIn(tree, 'checkout', '-q', '--orphan', 'orphan');
    commitAll(tree, 'orphan');
    await expect(openLine(tree, good, bad)).rejects.toMatchObject({ code, blame: 'usage' });
  });

  test('a shallow repository, and no repository', async () => {
    gitIn(folder, 'clone', '-q', '--depth', '3', `file://${tree}`, 'shallow');
    await expect(openLine(join(folder, 'shallow'), commits[1]!, 'main')).rejects.toMatchObject({
      code: 'RANGE_NO_COMMIT',
      hint: expect.stringContaining('--unshallow'),
    });
    await expect(openLine(folder, 'a', 'b')).rejects.toMatchObject({ code: 'RANGE_NO_GIT', blame: 'usage' });
  });
});

test('an interrupted bisection goes on where it was, also after a torn line; --restart does not', async () => {
  const place = join(folder, 'kept');
  const run = async (most: number, restart = false): Promise<{ asked: number; found: number[] }> => {
    await using line = await openLine(tree, 'main~12', 'main');
    let asked = 0;
    const log = openLog(place, restart);
    const { suspects } = await bisect({
      line,
      plan: PLAN,
      patches: { patches: [], identity: [] },
      log,
      tell: QUIET,
      test: async (question) => {
        if (asked === most) throw new Error('interrupted');
        asked += 1;
        return Promise.resolve(stepOf(question, from(9)));
      },
    });
    log.add({ kind: 'end', at: '', suspects: suspects.map(({ commit: id }) => id) });
    return { asked, found: suspects.map(({ commit: id }) => commits.indexOf(id)) };
  };
  const whole = (await run(99)).asked;
  await expect(run(3)).rejects.toThrow('interrupted');
  await writeFile(join(place, 'log.jsonl'), '{"kind":"st', { flag: 'a' });
  await writeFile(join(place, 'log.jsonl'), '\n', { flag: 'a' });
  expect(await run(99)).toEqual({ asked: whole - 3, found: [9] });
  await expect(run(3)).rejects.toThrow('interrupted');
  expect(await run(99, true)).toEqual({ asked: whole, found: [9] });
});
