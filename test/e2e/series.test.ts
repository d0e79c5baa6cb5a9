/**
 * A real kernel's repository: the six patches in each shape that a user may have them in, and its history, whose ninth commit
 * is found, judged commit by commit, and held against the one before it.
 */
import { readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheFolder } from '../../harness/core/paths.ts';
import type { KernelContext } from '../../harness/kernel/context.ts';
import { readRange } from '../../harness/kernel/range.ts';
import { onTopOf, readSeries } from '../../harness/kernel/series.ts';
import { resolveSource } from '../../harness/kernel/source.ts';
import type { KernelSpec } from '../../harness/kernel/spec.ts';
import { SeriesDocument } from '../../harness/results/series.ts';
import { gitIn } from '../fixtures/git.ts';
import { HISTORY, makeRepository, PATCHES, writeMbox, type Repository } from '../fixtures/kernel-history.ts';
import { mmapvet } from './mmapvet.ts';

let folder: string;
let repository: Repository;
let context: KernelContext;

beforeAll(async () => {
  // Always the same place: it has a working folder of its own, whose kernels are built once and not each time.
  folder = join(cacheFolder(), 'test-series');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  context = { emit: () => {}, signal: AbortSignal.timeout(3_600_000), jobs: 1, logFolder: folder };
  const nothing = { patches: [], identity: [] };
  await using source = await resolveSource({ kind: 'deb', name: 'linux-source-7.3', version: null }, nothing, context);
  repository = makeRepository(source.folder, join(folder, 'linux'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (commit: string): KernelSpec => ({
  kind: 'commit',
  folder: repository.folder,
  base: repository.base,
  commit,
});

test('mbox, quilt folder and git range make the same kernel', async () => {
  writeMbox(join(folder, 'thread.mbox'));
  const keys: string[] = [];
  for (const names of [[PATCHES], [join(folder, 'thread.mbox')]]) {
    await using source = await resolveSource(at(repository.base), await readSeries(names, folder), context);
    expect(source.identity.series).toHaveLength(6);
    keys.push(source.key);
  }
  expect(keys[0]).toBe(keys[1]);
  const range = await readRange(repository.folder, `${repository.base}..series`);
  await using tip = await resolveSource(at(range.tip), onTopOf(range, await readSeries([], folder)), context);
  expect(tip.identity.series.map(({ subject }) => subject)).toEqual(
    (await readSeries([PATCHES], folder)).identity.map(({ subject }) => subject),
  );
});

test('the history has its twelve commits', async () => {
  const { commits } = await readRange(repository.folder, `${repository.base}..history`);
  expect(commits.map(({ subject }) => subject)).toEqual(HISTORY.map(({ subject }) => subject));
  expect(commits[8]?.text).toContain('-\tif (have_mmap_prepare && allocated_new) {');
});

/** The kernels of the last four commits and of the one before them are built once, by the first test that asks. */
async function ask(command: string, ...args: readonly string[]) {
  const what = ['--kernel', repository.folder, '--clause', 'F01', '--path', 'direct', '--target', 'x86_64'];
  const { code, stdout, stderr } = await mmapvet(command, ...args, ...what, '--json');
  if (stdout === '') throw new Error(`no answer (exit ${code}):\n${stderr}`);
  return { code, answer: JSON.parse(stdout) as unknown };
}

test('bisect names the ninth commit and how sure that is; kernels that are the same are not run again', async () => {
  const [before, culprit, , , last] = repository.history.slice(7);
  const state = () => [readdirSync(join(repository.folder, '.git')), gitIn(repository.folder, 'for-each-ref')];
  const untouched = state();
  const { code, answer } = await ask('bisect', '--good', 'history~4', '--bad', 'history');
  const { culprit: found, confidence, steps } = answer as BisectAnswer;
  expect(found).toMatchObject({ commit: culprit, subject: HISTORY[8]?.subject, files: ['mm/vma.c'] });
  expect(confidence).toBeGreaterThan(0.99);
  // What changes comments only is the bad end again.
  expect(steps.map(({ commit, verdict, sameAs }) => [commit, verdict, sameAs])).toEqual(
    expect.arrayContaining([
      [last, 'bad', null],
      [before, 'good', null],
      [culprit, 'bad', last],
    ]),
  );
  expect(state()).toEqual(untouched);
  expect(code).toBe(0);
});

interface BisectAnswer {
  readonly culprit: { readonly commit: string; readonly subject: string; readonly files: readonly string[] } | null;
  readonly confidence: number;
  readonly steps: readonly { readonly commit: string; readonly verdict: string; readonly sameAs: string | null }[];
}

test('series judges each commit of a range against the one before it', async () => {
  const { code, answer } = await ask('series', '--range', 'history~4..history~2');
  expect(SeriesDocument.parse(answer).steps.map(({ number, verdict, subject }) => [number, verdict, subject])).toEqual([
    [0, 'good', ''],
    [1, 'worse', HISTORY[8]?.subject],
    [2, 'good', HISTORY[9]?.subject],
  ]);
  expect(code).toBe(1);
});

test('compare takes a range as it is written', async () => {
  const { code, answer } = await ask('compare', 'history~2..history');
  expect(answer).toMatchObject({ decision: 'no-regression', counts: { 'still-failing': 1 }, unequal: [] });
  expect(code).toBe(0);
});
