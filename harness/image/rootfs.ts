/**
 * The guest's root file system: what guest/rootfs/packages.json takes from Debian's packages, and the few files and
 * folders that a login needs. Nothing of one run is in it.
 */
import { basename, join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Arch } from '../core/arch.ts';
import { GUEST } from '../core/paths.ts';
import type { CpioEntry } from './cpio.ts';
import { readDeb } from './debs.ts';

const Packages = z.object({
  packages: z.array(z.object({ name: z.string(), files: z.array(z.string()) })),
  applets: z.array(z.string()),
});
export type Packages = z.infer<typeof Packages>;

/** @param name of a file in guest/rootfs, without `.json` */
export async function readPackageList(name: string): Promise<Packages> {
  return Packages.parse(JSON.parse(await readFile(join(GUEST, 'rootfs', `${name}.json`), 'utf8')));
}

const folder = (path: string, mode = 0o755): CpioEntry => ({ kind: 'folder', path, mode });
const link = (path: string, to: string): CpioEntry => ({ kind: 'link', path, to });
const text = (path: string, content: string, mode = 0o644): CpioEntry => ({
  kind: 'file',
  path,
  mode,
  data: Buffer.from(content),
});

/** What is the same for all architectures but the loader's path: merged /usr, as Debian's packages expect. */
export function skeleton(arch: Arch, applets: readonly string[]): CpioEntry[] {
  const loaderFolder = arch.loader.slice(0, arch.loader.indexOf('/'));
  const loader = `/usr/lib/${arch.triplet}/${basename(arch.loader)}`;
  return [
    ...['usr', 'usr/bin', 'usr/sbin', 'usr/lib', `usr/lib/${arch.triplet}`, 'dev', 'proc', 'sys', 'etc'].map((path) =>
      folder(path),
    ),
    folder('tmp', 0o1777),
    folder('run'),
    folder('root', 0o700),
    folder('root/.ssh', 0o700),
    folder('etc/dropbear', 0o700),
    folder('mmapvet'),
    link('bin', 'usr/bin'),
    link('sbin', 'usr/sbin'),
    link('lib', 'usr/lib'),
    ...(loaderFolder === 'lib'
      ? [link(`usr/lib/${basename(arch.loader)}`, loader)]
      : [folder(loaderFolder), link(arch.loader, loader)]),
    // PID 1 needs a console before it has mounted devtmpfs.
    { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    text('etc/group', 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n'),
    text('etc/shells', '/bin/sh\n'),
    text('etc/profile', "PS1='mmapvet:\\w# '\ncd /mmapvet 2>/dev/null || true\n"),
    ...applets.map((applet) => link(`usr/bin/${applet}`, 'busybox')),
  ];
}

/** All entries of the root layer, from one .deb a package. */
export async function rootfsEntries(
  arch: Arch,
  list: Packages,
  debs: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<CpioEntry[]> {
  const contents = await Promise.all(
    list.packages.map(async ({ name, files }) => {
      const globs = files.map((glob) => glob.replace(/^LIB\//, `usr/lib/${arch.triplet}/`));
      return readDeb(debs.get(name) ?? name, globs, signal);
    }),
  );
  return [...skeleton(arch, list.applets), ...contents.flat()];
}
