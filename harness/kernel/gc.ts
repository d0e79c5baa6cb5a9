/** Keeps the cache below a cap: what was used longest ago goes first, what a living process uses stays. */
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../core/exec.ts';
import { cacheFolder } from '../core/paths.ts';
import { usedEntries } from './usage.ts';

/** Kinds of entries that can be made again, each a folder of the cache with one entry a name. */
const KINDS = [
  'work',
  'kernels',
  'guests',
  'images',
  'snapshots',
  'roots',
  'features',
  'build-dirs',
  'debs',
  'own',
  'verdicts',
  'suites',
] as const;

export interface CacheEntry {
  /** `kernels/0a1b…`. */
  readonly name: string;
  readonly folder: string;
  readonly bytes: number;
  readonly usedMs: number;
  readonly inUse: boolean;
}

export interface CacheUse {
  /** All of the cache, also what is never removed: ccache (it has a cap of its own), Node, package lists. */
  readonly bytes: number;
  /** Oldest use first. */
  readonly entries: readonly CacheEntry[];
}

export async function measureCache(): Promise<CacheUse> {
  const used = await usedEntries();
  const found: Omit<CacheEntry, 'bytes'>[] = [];
  for (const kind of KINDS)
    for (const name of await readdir(join(cacheFolder(), kind)).catch(() => [])) {
      if (name.startsWith('.')) continue;
      const folder = join(cacheFolder(), kind, name);
      const { mtimeMs } = await lstat(folder);
      found.push({ name: `${kind}/${name}`, folder, usedMs: mtimeMs, inUse: used.has(folder) });
    }
  const sizes = await diskUse([cacheFolder(), ...found.map(({ folder }) => folder)]);
  const entries = found.map((entry) => ({ ...entry, bytes: sizes.get(entry.folder) ?? 0 }));
  return {
    bytes: sizes.get(cacheFolder()) ?? 0,
    entries: entries.toSorted((a, b) => a.usedMs - b.usedMs),
  };
}

/** Bytes on disk of each folder, holes not counted. `-l` and one call each tree: du counts a file once a call. */
async function diskUse(folders: readonly string[]): Promise<Map<string, number>> {
  const [all = '', ...rest] = folders;
  const du = (paths: readonly string[]) =>
    run(['du', '--summarize', '--block-size=1', '--', ...paths]).then(({ stdout }) => stdout);
  const text = (await du([all])) + '\n' + (rest.length === 0 ? '' : await du(rest));
  return new Map(
    text
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([bytes = '', path = '']) => [path, Number(bytes)]),
  );
}

/** Which entries must go to come below `max` bytes. */
export function chooseVictims(use: CacheUse, max: number): CacheEntry[] {
  let bytes = use.bytes;
  const victims: CacheEntry[] = [];
  for (const entry of use.entries) {
    if (bytes <= max) break;
    if (entry.inUse) continue;
    victims.push(entry);
    bytes -= entry.bytes;
  }
  return victims;
}

/** Takes entries away; one that somebody began to use in the meantime is put back. @returns those that are gone */
export async function removeEntries(victims: readonly CacheEntry[]): Promise<CacheEntry[]> {
  const gone: CacheEntry[] = [];
  for (const victim of victims) {
    const trash = join(cacheFolder(), `.trash-${process.pid}-${gone.length}`);
    await rename(victim.folder, trash);
    if ((await usedEntries()).has(victim.folder)) {
      await rename(trash, victim.folder);
      continue;
    }
    await rm(trash, { recursive: true, force: true });
    gone.push(victim);
  }
  return gone;
}
