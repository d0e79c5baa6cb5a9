/** The six patches on a real kernel, in each shape that a user may have them in: one source, whichever way they come. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheFolder } from '../../harness/core/paths.ts';
import type { KernelContext } from '../../harness/kernel/context.ts';
import { readRange } from '../../harness/kernel/range.ts';
import { onTopOf, readSeries } from '../../harness/kernel/series.ts';
import { resolveSource } from '../../harness/kernel/source.ts';
import type { KernelSpec } from '../../harness/kernel/spec.ts';
import { HISTORY, makeRepository, PATCHES, writeMbox, type Repository } from '../fixtures/kernel-history.ts';

let folder: string;
let repository: Repository;
let context: KernelContext;

beforeAll(async () => {
  await mkdir(cacheFolder(), { recursive: true });
  folder = await mkdtemp(join(cacheFolder(), 'test-series-'));
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
