/**
 * The initramfs of one build: the root layer, made once an architecture from Debian packages, and the payload layer with
 * init, module and probes, made anew whenever these change. The kernel unpacks concatenated archives one after another.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Arch } from '../core/arch.ts';
import { MmapvetError } from '../core/errors.ts';
import { PrivateApt } from '../host/apt.ts';
import { keyOf, makeEntry } from '../kernel/cache.ts';
import { packCpio, type CpioEntry } from './cpio.ts';
import { debsInFolder } from './debs.ts';
import { readPackageList, rootfsEntries, type Packages } from './rootfs.ts';

export interface Payload {
  readonly init: string;
  readonly hold: string;
  readonly module: string;
  readonly moreModules: readonly string[];
  readonly probes: string;
}

export interface ImageOptions {
  /** `--guest-debs`: a folder instead of apt. */
  readonly guestDebs: string | undefined;
  /** Package lists: files of guest/rootfs by name, each a layer. */
  readonly packages: readonly string[];
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}

export interface Image {
  readonly file: string;
  readonly key: string;
  readonly reused: boolean;
}

/** The release whose packages guests are made of: one, so that libraries fit each other. */
const SUITE = 'trixie';

/** Raise it when rootfs.ts or cpio.ts make another image of the same packages. */
const LAYER_VERSION = 1;

/** The archive's name in its entry of the store. */
const FILE = 'initrd.cpio';

/** @throws MmapvetError of apt, DEB_UNREADABLE, DEB_LACKS_FILE, GUEST_DEBS_MISSING, GUEST_PACKAGE_MISSING, NO_SPACE */
export async function buildImage(arch: Arch, payload: Payload, options: ImageOptions): Promise<Image> {
  const roots: Layer[] = [];
  // One after another: they ask the same apt.
  for (const name of options.packages) roots.push(await rootLayer(arch, name, options));
  const layer = packCpio(await payloadEntries(payload));
  const key = keyOf(...roots.map((root) => root.key), createHash('sha256').update(layer).digest('hex'));
  const entry = await makeEntry(
    'images',
    key,
    async (folder) => {
      const layers = await Promise.all(roots.map((root) => readFile(root.file)));
      await writeFile(join(folder, FILE), Buffer.concat([...layers, layer]));
    },
    { signal: options.signal, onWait: options.note },
  );
  return { file: join(entry.folder, FILE), key, reused: entry.reused };
}

async function payloadEntries({ init, hold, module, moreModules, probes }: Payload): Promise<CpioEntry[]> {
  const entry = async (path: string, source: string, mode: number): Promise<CpioEntry> => ({
    kind: 'file',
    path,
    mode,
    data: await readFile(source),
  });
  return Promise.all([
    entry('init', init, 0o755),
    entry('mmapvet/hold.so', hold, 0o755),
    entry('mmapvet/mmapvet.ko', module, 0o644),
    entry('mmapvet/mmapvet-probes', probes, 0o755),
    ...moreModules.map((file) => entry(`mmapvet/${basename(file)}`, file, 0o644)),
  ]);
}

interface Layer {
  readonly file: string;
  readonly key: string;
}

/**
 * Kept under a key of what was asked for, not of the packages' versions: a warm run must not ask the network. A change of
 * guest/rootfs/packages.json, or an emptied cache, fetches the packages anew.
 */
async function rootLayer(arch: Arch, name: string, options: ImageOptions): Promise<Layer> {
  const list = await readPackageList(name);
  const key = keyOf(String(LAYER_VERSION), JSON.stringify(arch), SUITE, JSON.stringify(list), options.guestDebs ?? '');
  const entry = await makeEntry(
    'roots',
    key,
    async (folder) => {
      const debs = await findDebs(arch, list, options);
      await writeFile(join(folder, FILE), packCpio(await rootfsEntries(arch, list, debs, options.signal)));
    },
    { signal: options.signal, onWait: options.note },
  );
  return { file: join(entry.folder, FILE), key };
}

async function findDebs(arch: Arch, list: Packages, options: ImageOptions): Promise<Map<string, string>> {
  const names = list.packages.map(({ name }) => name);
  if (options.guestDebs !== undefined) return debsInFolder(options.guestDebs, names, arch.debian);
  const apt = new PrivateApt({ architecture: arch.debian, signal: options.signal, note: options.note });
  const versions = await apt.versions(...names);
  const found = new Map<string, string>();
  for (const name of names) {
    const choice = versions.find((each) => each.name === name && each.suite === SUITE);
    if (choice === undefined)
      throw new MmapvetError('GUEST_PACKAGE_MISSING', `The archive has no "${name}" for ${arch.debian} in ${SUITE}.`, {
        hint: 'Give the packages in a folder with --guest-debs.',
      });
    found.set(name, await apt.download(name, choice.version));
  }
  return found;
}
