/**
 * Fails where a compiled package for this host is not in node_modules. `npm ci` alone does not tell: these are optional
 * packages, one a platform, and one that could not be fetched is left out without a word.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

interface LockedPackage {
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const project = resolve(import.meta.dirname, '..');
const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
  readonly packages?: Readonly<Record<string, LockedPackage>>;
};

/** Node's own builds for Linux, which the launcher fetches, are glibc's. */
const LIBC = 'glibc';

const fits = (allowed: readonly string[] | undefined, own: string): boolean => allowed?.includes(own) ?? true;

const missing = Object.entries(lock.packages ?? {})
  .filter(([, { os, cpu }]) => os !== undefined || cpu !== undefined)
  .filter(([, { os, cpu, libc }]) => fits(os, process.platform) && fits(cpu, process.arch) && fits(libc, LIBC))
  .map(([path]) => path)
  .filter((path) => !existsSync(join(project, path)));

if (missing.length > 0) {
  console.error(`npm left out: ${missing.join(', ')}`);
  process.exitCode = 1;
}
