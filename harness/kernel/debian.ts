/** Which Debian package a kernel comes from. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MmapvetError } from '../core/errors.ts';
import { cacheFolder } from '../core/paths.ts';
import { readJson } from '../core/read-json.ts';
import { PrivateApt, sortVersions, type PackageVersion } from '../host/apt.ts';

export interface DebianSource {
  readonly name: string;
  readonly version: string;
}

/** The first kernel whose `vm_operations_struct` has `mapped`. Only for choosing a default: what a kernel has is probed. */
const FIRST_WITH_HOOK = [7, 1] as const;

export function maybeHasHook(name: string): boolean {
  const [, major, minor] = /^linux-source-(\d+)\.(\d+)$/.exec(name) ?? [];
  if (major === undefined || minor === undefined) return false;
  const [needMajor, needMinor] = FIRST_WITH_HOOK;
  return Number(major) > needMajor || (Number(major) === needMajor && Number(minor) >= needMinor);
}

/** The package is the same for all; only the mirror's lists are the host's. */
const HOST_DEBIAN: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

export const sourceArchive = (signal: AbortSignal, note: (text: string) => void): PrivateApt =>
  new PrivateApt({ architecture: HOST_DEBIAN[process.arch] ?? 'amd64', signal, note });

/**
 * The newest version of a package, or of all packages that may have the hook. Without a network an unpacked one does.
 * @param name null for the newest of all
 * @throws MmapvetError KERNEL_NO_PACKAGE, and as PrivateApt.update
 */
export async function chooseDebianSource(
  apt: PrivateApt,
  name: string | null,
  note: (text: string) => void,
): Promise<DebianSource> {
  let found: readonly PackageVersion[];
  try {
    const names = name === null ? (await apt.names('linux-source-')).filter(maybeHasHook) : [name];
    found = await apt.versions(...names);
  } catch (error) {
    const kept = await newestUnpacked(name);
    if (!(error instanceof MmapvetError && error.code === 'APT_NETWORK') || kept === null) throw error;
    note(`${error.message} Using ${kept.name} ${kept.version}, which was fetched before.`);
    return kept;
  }
  if (found[0] !== undefined) return found[0];
  const all = (await apt.names('linux-source-')).toSorted();
  throw new MmapvetError(
    'KERNEL_NO_PACKAGE',
    name === null ? 'The archive has no linux-source package with the hook.' : `The archive has no package "${name}".`,
    { hint: all.length === 0 ? 'Give a tree or tarball with --kernel.' : `Choose one of these: ${all.join(', ')}.` },
  );
}

/** Beside each unpacked package: what it is. */
export const rememberUnpacked = (root: string, source: DebianSource): Promise<void> =>
  writeFile(join(root, 'debian.json'), JSON.stringify({ name: source.name, version: source.version }));

async function newestUnpacked(name: string | null): Promise<DebianSource | null> {
  const work = join(cacheFolder(), 'work');
  const known: PackageVersion[] = [];
  for (const folder of await readdir(work).catch(() => [] as string[])) {
    const source = (await readJson(join(work, folder, 'debian.json'))) as DebianSource | null;
    if (source === null) continue;
    if (name === null ? maybeHasHook(source.name) : source.name === name) known.push({ ...source, suite: '' });
  }
  return (await sortVersions(known))[0] ?? null;
}
