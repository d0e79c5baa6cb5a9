import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { createGates } from '../../../harness/run/execute.ts';
import { planRun, type RunPlan } from '../../../harness/run/plan.ts';
import { vetKernel, type VetContext } from '../../../harness/vet/vet-kernel.ts';
import { utilPatch } from '../../fixtures/kernel-tree.ts';
import { makeDebs, openFakeWorld, type FakeWorld } from '../fake-world.ts';

/* A fake kernel tree, make and QEMU: how a question runs kernels, not what kernels do. */

let world: FakeWorld;
let context: VetContext;
beforeEach(async () => {
  world = await openFakeWorld();
  for (const [name, value] of Object.entries(world.env)) vi.stubEnv(name, value);
  vi.stubEnv('FAKE_GUEST', 'good');
  context = { signal: new AbortController().signal, command: ['mmapvet', 'compare'], tool: 'mmapvet 0' };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await world[Symbol.asyncDispose]();
});

const CELL = { target: ['x86_64'], clause: ['A01'], path: ['direct'], accel: 'tcg' };
const plan = async (): Promise<RunPlan> =>
  planRun({ ...CELL, kernel: world.tree, guestDebs: await makeDebs(world.folder) });
const makeCalls = async (): Promise<number> =>
  (await readFile(join(world.folder, 'make.log'), 'utf8')).split('\n').length;

test('a kernel, then the same build again without a make, three times each cell', async () => {
  const asked = await plan();
  const events: Event[] = [];
  const reporters = [{ name: 'mine', reporter: { onEvent: (event: Event) => void events.push(event) } }];
  const folder = join(world.folder, 'question/base');
  const first = await vetKernel({ plan: asked, folder, reporters }, context);
  expect(first).toMatchObject({ folder, exitCode: 0, interrupted: false, failures: [] });
  expect(first.results.cells.map(({ clause, outcome }) => `${clause} ${outcome}`)).toEqual(['A01 pass']);
  expect(events).toEqual(first.events);
  expect(await readdir(folder)).toEqual(
    expect.arrayContaining(['events.jsonl', 'junit.xml', 'report.ktap', 'results.json', 'x86_64']),
  );
  expect(existsSync(join(world.folder, 'state/mmapvet/latest'))).toBe(false);

  const calls = await makeCalls();
  const again = await vetKernel(
    { plan: { ...asked, repeats: 3 }, origin: first.built, folder: join(world.folder, 'question/again') },
    context,
  );
  expect(again.results.cells[0]?.repeats.map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass']);
  expect(again.results.builds).toEqual(first.results.builds.map((build) => ({ ...build, reused: true })));
  expect(again.results.kernel).toEqual(first.results.kernel);
  expect(await makeCalls()).toBe(calls);
});

test('two kernels of one source side by side: one is built after the other, each with its own patches', async () => {
  const asked = await plan();
  const patch = join(world.folder, 'a.patch');
  await writeFile(patch, `Subject: mm: it\n\n---\n${utilPatch()}`);
  const gates = createGates(asked);
  const [base, patched] = await Promise.all([
    vetKernel({ plan: asked, folder: join(world.folder, 'q/base') }, { ...context, gates }),
    vetKernel({ plan: { ...asked, patches: [patch] }, folder: join(world.folder, 'q/patched') }, { ...context, gates }),
  ]);
  expect([base.exitCode, patched.exitCode]).toEqual([0, 0]);
  expect(base.results.kernel?.series).toEqual([]);
  expect(patched.results.kernel?.series.map(({ subject }) => subject)).toEqual(['mm: it']);
  expect(base.results.builds[0]?.key).not.toBe(patched.results.builds[0]?.key);
});

test('a kernel that does not build is an outcome; bad input throws before anything is written', async () => {
  const asked = await plan();
  vi.stubEnv('FAKE_MAKE_FAILS', 'vmlinux');
  vi.stubEnv('FAKE_MAKE_SAYS', 'mm/util.c:1:1: error: no');
  const outcome = await vetKernel({ plan: asked, folder: join(world.folder, 'q/broken') }, context);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.built.targets.size).toBe(0);
  expect(outcome.events).toContainEqual(expect.objectContaining({ kind: 'note', code: 'BUILD_FAILED' }));
  const again = await vetKernel({ plan: asked, origin: outcome.built, folder: join(world.folder, 'q/again') }, context);
  expect(again.results.cells[0]).toMatchObject({ outcome: 'error', reason: expect.stringContaining('no build') });

  const bad = { ...asked, patches: [join(world.folder, 'not there')] };
  await expect(vetKernel({ plan: bad, folder: join(world.folder, 'q/bad') }, context)).rejects.toMatchObject({
    code: 'PATCH_NO_SUCH_FILE',
  });
  expect(existsSync(join(world.folder, 'q/bad'))).toBe(false);
});
