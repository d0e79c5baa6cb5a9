/**
 * Versions of programs, remembered by path, time of change and size: starting each program at every run would cost more
 * than the rest of the check. Losing the file costs one slower check, so nothing about it is ever an error.
 */
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { run } from '../core/exec.ts';
import { cacheFolder } from '../core/paths.ts';
import { readJson } from '../core/read-json.ts';
import type { VersionRule } from './requirements.ts';
import { readVersion } from './version.ts';

const Known = z.record(z.string(), z.object({ mtimeMs: z.number(), size: z.number(), version: z.string() }));
type Known = z.infer<typeof Known>;

export interface KnownVersions {
  /** The program's version, or null where it does not say one. */
  readonly of: (path: string, rule: VersionRule, signal?: AbortSignal) => Promise<string | null>;
  /** Stores what is new. */
  readonly save: () => Promise<void>;
}

/** @param file Where versions are kept: below the cache folder, but for tests. */
export async function openKnownVersions(file = join(cacheFolder(), 'tool-versions.json')): Promise<KnownVersions> {
  const known = await load(file);
  let changed = false;
  return {
    of: async (path, rule, signal) => {
      const { mtimeMs, size } = await stat(path);
      const entry = known[path];
      if (entry?.mtimeMs === mtimeMs && entry.size === size) return entry.version;
      const version = await ask(path, rule, signal);
      if (version === null) return null;
      known[path] = { mtimeMs, size, version };
      changed = true;
      return version;
    },
    save: async () => {
      if (!changed) return;
      const draft = `${file}.${process.pid}`;
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(draft, JSON.stringify(known));
        await rename(draft, file);
      } catch {
        // A cache folder that can't be written makes the next check slower; the build will say why it can't be.
      }
    },
  };
}

const load = async (file: string): Promise<Known> => Known.safeParse(await readJson(file)).data ?? {};

async function ask(path: string, rule: VersionRule, signal?: AbortSignal): Promise<string | null> {
  try {
    const { stdout } = await run([path, ...rule.arguments], { signal, timeoutMs: 10_000 });
    return readVersion(stdout, rule.pattern);
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}
