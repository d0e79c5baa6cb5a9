/** A home for one test with a fake kernel tree, a fake make and a fake QEMU whose guest says what the test has it say. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../../harness/core/paths.ts';
import { spawn } from '../../harness/core/exec.ts';
import { makeKernelTree } from '../fixtures/kernel-tree.ts';

const PROGRAMS = join(PROJECT, 'test/fixtures/programs');
const HEADER = '# mmapvet-probes abi=1 driver-abi=1 kernel=7.3.0-fake machine=x86_64 page=4096 features=prepare,mapped';

/** What the probes say of A01.direct when all is well. */
export const PASS: readonly string[] = [
  '# begin A01.direct',
  '# count prepare=1 mapped=1',
  '# driver ok: mapped x1',
  '# user ok: the data says so',
  'ok 1 A01.direct title',
];
export const transcript = (lines: readonly string[]): string => ['KTAP version 1', HEADER, '1..1', ...lines].join('\n');

export interface FakeWorld extends AsyncDisposable {
  readonly folder: string;
  /** The kernel tree, `ktap` (what the probes say) and `make.log` lie in the folder. */
  readonly tree: string;
  readonly env: Record<string, string>;
}

export async function openFakeWorld(): Promise<FakeWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-cli-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const tool of await readdir(join(PROGRAMS, 'kernel-tools')))
    await symlink(join(PROGRAMS, 'kernel-tools', tool), join(bin, tool));
  for (const qemu of ['qemu-system-x86_64', 'qemu-system-aarch64'])
    await symlink(join(PROGRAMS, 'fake-qemu.mjs'), join(bin, qemu));
  const tree = join(folder, 'linux');
  await makeKernelTree(tree);
  await writeFile(join(folder, 'ktap'), transcript(PASS));
  return {
    folder,
    tree,
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      TMPDIR: folder,
      XDG_CACHE_HOME: join(folder, 'cache'),
      XDG_STATE_HOME: join(folder, 'state'),
      CI: 'true',
      FAKE_MAKE_LOG: join(folder, 'make.log'),
      FAKE_KTAP: join(folder, 'ktap'),
      FAKE_PIDS: join(folder, 'pids'),
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Packages as `--guest-debs` takes them: what is in them does not matter to a fake guest. @returns their folder */
export async function makeDebs(folder: string): Promise<string> {
  const names = (
    JSON.parse(await readFile(join(PROJECT, 'guest/rootfs/packages.json'), 'utf8')) as {
      packages: { name: string; files: string[] }[];
    }
  ).packages;
  const debs = join(folder, 'debs');
  await mkdir(debs);
  for (const { name, files } of names) {
    const root = join(folder, 'deb', name);
    await mkdir(join(root, 'DEBIAN'), { recursive: true });
    await writeFile(
      join(root, 'DEBIAN/control'),
      `Package: ${name}\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: x\n`,
    );
    for (const file of files) {
      const path = join(root, file.replace('LIB/', 'usr/lib/x86_64-linux-gnu/').replaceAll('*', '1'));
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, name);
    }
    await spawn(['dpkg-deb', '--build', '--root-owner-group', root, join(debs, `${name}_1_amd64.deb`)], {
      stdout: 'ignore',
    });
  }
  return debs;
}
