/**
 * The store: folders by kind and content key. An entry is made beside its place and renamed into it, under a lock, so it is
 * either whole or absent, and the same key is never made twice, however many runs want it.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { diskError } from '../core/disk.ts';
import { takeLock } from '../core/lock.ts';
import { cacheFolder } from '../core/paths.ts';
import { startTime } from '../core/process.ts';
import { markUsed } from './usage.ts';

export interface CacheContext {
  readonly signal?: AbortSignal | undefined;
  /** Told when another process has the lock that we need. */
  readonly onWait?: (text: string) => void;
}

export interface Entry {
  readonly folder: string;
  /** It was there before. */
  readonly reused: boolean;
}

/** A key out of everything that decides a result; the order of the parts counts. */
export function keyOf(...parts: readonly (string | readonly string[])[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

export const entryFolder = (kind: string, key: string): string => join(cacheFolder(), kind, key);

export function findEntry(kind: string, key: string): string | null {
  const folder = entryFolder(kind, key);
  if (!existsSync(folder)) return null;
  markUsed(folder);
  return folder;
}

export function lockFor(name: string, what: string, context: CacheContext): Promise<AsyncDisposable> {
  return takeLock(join(cacheFolder(), 'locks', name), {
    signal: context.signal,
    onWait: (pid) => context.onWait?.(`Waiting for process ${pid === '' ? '(unknown)' : pid}, which uses ${what}.`),
  });
}

/**
 * The entry of a key, made by `fill` (which is given an empty folder) if it is not there.
 * @throws MmapvetError NO_SPACE, NOT_WRITABLE, and whatever `fill` throws; then nothing of the entry stays.
 */
export async function makeEntry(
  kind: string,
  key: string,
  fill: (folder: string) => Promise<void>,
  context: CacheContext = {},
): Promise<Entry> {
  const found = findEntry(kind, key);
  if (found !== null) return { folder: found, reused: true };
  await using _lock = await lockFor(`${kind}-${key}`, `the same ${kind} entry`, context);
  const folder = entryFolder(kind, key);
  if (findEntry(kind, key) !== null) return { folder, reused: true };
  let making = '';
  try {
    await mkdir(dirname(folder), { recursive: true });
    await sweep(dirname(folder));
    making = await mkdtemp(join(dirname(folder), `.making-${process.pid}-${(await startTime(process.pid)) ?? 0}-`));
    await fill(making);
    context.signal?.throwIfAborted();
    await rename(making, folder);
    markUsed(folder);
  } catch (error) {
    if (making !== '') await rm(making, { recursive: true, force: true });
    throw diskError(error, folder);
  }
  return { folder, reused: false };
}

/** Removes what processes that are dead now had begun. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = /^\.making-(\d+)-(\d+)-/.exec(name);
    if (match === null || (await startTime(Number(match[1]))) === match[2]) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
