/** Tells kernel trees from other folders, and one kernel version from another. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { usageError } from '../core/errors.ts';

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As `make kernelversion` says it: `7.3.4`, `7.4.0-rc2`. */
  readonly text: string;
}

/** The version in a kernel's top Makefile; null for any other Makefile. */
export function parseMakefileVersion(makefile: string): KernelVersion | null {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}[ \\t]*=[ \\t]*(.*?)[ \\t]*$`, 'm').exec(makefile)?.[1];
  const [major, minor, patch] = ['VERSION', 'PATCHLEVEL', 'SUBLEVEL'].map((name) => field(name));
  if (major === undefined || minor === undefined || patch === undefined || !/^\d+$/.test(major)) return null;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    text: `${major}.${minor}.${patch}${field('EXTRAVERSION') ?? ''}`,
  };
}

/** Files that every kernel tree has and hardly anything else. */
const LANDMARKS = ['Kconfig', 'Kbuild', 'mm/util.c', 'scripts/kconfig'];

export async function versionOfTree(folder: string): Promise<KernelVersion | null> {
  if (!LANDMARKS.every((name) => existsSync(join(folder, name)))) return null;
  const makefile = await readFile(join(folder, 'Makefile'), 'utf8').catch(() => '');
  return parseMakefileVersion(makefile);
}

/** @throws MmapvetError KERNEL_NOT_A_TREE */
export async function requireKernelTree(folder: string, named: string): Promise<KernelVersion> {
  const version = await versionOfTree(folder);
  if (version !== null) return version;
  throw usageError(
    'KERNEL_NOT_A_TREE',
    `"${named}" is no kernel tree: it lacks a kernel's Makefile, Kconfig or mm/util.c.`,
    'Give the top folder of a kernel tree.',
  );
}

/** The kernel tree that a folder lies in. */
export async function findTreeAround(folder: string): Promise<string | null> {
  for (let at = folder; ; at = dirname(at)) {
    if ((await versionOfTree(at)) !== null) return at;
    if (dirname(at) === at) return null;
  }
}
