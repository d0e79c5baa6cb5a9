/** Disks that are full or read-only, for real: small file systems of this test's own, in a mount namespace of its own. */
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quoteCommand, spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { Results } from '../../../harness/results/results.ts';
import { makeDebs, openFakeWorld, type FakeWorld } from '../fake-world.ts';

let world: FakeWorld;
beforeEach(async () => {
  world = await openFakeWorld();
  await makeDebs(world.folder);
});
afterEach(() => world[Symbol.asyncDispose]());

const UNSHARE = ['unshare', '--map-root-user', '--mount'] as const;
const canMount = spawnSync(UNSHARE[0], [...UNSHARE.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

const RUN = ['run', '--json', '--target', 'x86_64', '--clause', 'A01', '--path', 'direct', '--accel', 'tcg'];

/** @param options of the tmpfs that lies at `place`, a folder of the world */
async function runOn(place: string, options: string, ...args: readonly string[]) {
  const { folder, tree, env } = world;
  const at = join(folder, place);
  await mkdir(at, { recursive: true });
  const words = [...RUN, '--kernel', tree, '--guest-debs', join(folder, 'debs'), ...args];
  const command = quoteCommand([process.execPath, join(PROJECT, 'harness/cli/main.ts'), ...words]);
  const { exitCode, stdout, stderr } = await spawn(
    [...UNSHARE, 'sh', '-c', `mount -t tmpfs -o ${options} tmpfs ${at} && exec ${command}`],
    { env, reject: false, cwd: folder },
  );
  return { code: exitCode, out: String(stdout), err: String(stderr), at };
}

describe.skipIf(!canMount)('a disk', () => {
  test.each([
    ['cache/mmapvet/work', 'ro', (at: string) => `The file system of "${at}`],
    ['cache/mmapvet/work', 'nr_inodes=2', (at: string) => `There is no space left on the disk of "${at}`],
    ['cache/mmapvet/kernels', 'ro', (at: string) => `The file system of "${at}`],
    ['cache/mmapvet/guests', 'nr_inodes=2', (at: string) => `There is no space left on the disk of "${at}`],
    ['cache/mmapvet/images', 'size=4k', (at: string) => `There is no space left on the disk of "${at}`],
  ])('%s with %s: undecided, and the place is named', async (place, options, says) => {
    const { code, out, err, at } = await runOn(place, options);
    expect(err).toContain(says(at));
    expect(err).toContain('or move the cache with XDG_CACHE_HOME.');
    expect(err).not.toMatch(/does not build|INTERNAL|mistake/);
    expect(code).toBe(2);
    expect(Results.parse(JSON.parse(out)).cells[0]).toMatchObject({ outcome: 'error', faults: [] });
  });

  test.each(['ro', 'nr_inodes=2'])('of saved guests with %s: guests are booted', async (options) => {
    const { code, out, err } = await runOn('cache/mmapvet/snapshots', options);
    expect(err).toContain('No guest can be saved, so each is booted:');
    expect(Results.parse(JSON.parse(out)).cells[0]).toMatchObject({ outcome: 'pass' });
    expect(code).toBe(0);
  });

  test.each([
    ['state', 'ro', [], 2, 'Set XDG_STATE_HOME to a folder that you may write to.'],
    ['out', 'ro', ['--output', 'out/run'], 64, 'Name a folder that you may write to.'],
  ])('%s with %s: no run begins', async (place, options, args, exit, hint) => {
    const { code, err, at } = await runOn(place, options, ...args);
    expect(err).toContain(`"${at}`);
    expect(err).toContain(hint);
    expect(code).toBe(exit);
  });
});
