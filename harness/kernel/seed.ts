/**
 * A new object folder begins as a copy of one that the same source, target and toolchain has for another profile: kbuild
 * knows of each object which options and which command made it, so make compiles only what the other config changes.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TARGETS, type Target } from '../core/arch.ts';
import { run } from '../core/exec.ts';
import { filesBelow } from './work.ts';
import { findLost, parseConfig, type ConfigLine } from './fragments.ts';

/** Written into an object folder when its kernel is done, removed before anything in it changes. */
export const stampFile = (objects: string): string => join(objects, 'mmapvet-key');

/** Where module and probes are made, below an object folder. */
export const guestFolder = (objects: string): string => join(objects, 'mmapvet-guest');

export const objectFolder = (target: Pick<Target, 'name'>, profile: string, toolchain: string): string =>
  `${target.name}-${profile}-${toolchain}`;

/** Folders of the same target and toolchain: one compiled by other tools would be compiled anew as a whole. */
export function isRelative(name: string, target: Pick<Target, 'name'>, toolchain: string): boolean {
  // `arm64-16k` begins as `arm64` does.
  const longest = TARGETS.map((each) => each.name)
    .filter((each) => name.startsWith(`${each}-`))
    .toSorted((a, b) => b.length - a.length)[0];
  return longest === target.name && name.endsWith(`-${toolchain}`);
}

/**
 * Makes the object folder out of the one whose config is nearest, if there is any and the folder is not there yet. The
 * caller holds the lock of the working folder. A copy that is cut off has another name, and is removed next time.
 * @returns the name of the folder that was copied, else null
 */
export async function seedObjects(
  objects: string,
  target: Pick<Target, 'name'>,
  toolchain: string,
  wanted: readonly ConfigLine[],
  signal: AbortSignal,
): Promise<string | null> {
  if (existsSync(objects)) return null;
  const folder = dirname(objects);
  const copy = join(folder, `.copy-${basename(objects)}`);
  await rm(copy, { recursive: true, force: true });
  const names = await readdir(folder).catch(() => []);
  const whole = names.filter(
    (name) => isRelative(name, target, toolchain) && existsSync(stampFile(join(folder, name))),
  );
  const nearest = await chooseNearest(folder, whole, wanted);
  if (nearest === null) return null;
  try {
    await run(['cp', '--archive', '--reflink=auto', join(folder, nearest), copy], { signal });
    // Their commands name the folder that they were made in.
    await rm(guestFolder(copy), { recursive: true, force: true });
    await rm(stampFile(copy));
    await moveTools(copy, join(folder, nearest), objects);
    await rename(copy, objects);
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
  return nearest;
}

/**
 * Programs below tools/ are built with whole paths, by which make would take them for stale in another folder; and every
 * object depends on objtool.
 */
async function moveTools(copy: string, from: string, to: string): Promise<void> {
  for (const file of await filesBelow(join(copy, 'tools'))) {
    if (!file.endsWith('.cmd')) continue;
    const path = join(copy, 'tools', file);
    const text = await readFile(path, 'utf8');
    if (text.includes(`${from}/`)) await writeFile(path, text.replaceAll(`${from}/`, `${to}/`));
  }
}

/** The fewest wanted lines that its config lacks; of equals the leanest config, as what nobody asks for is off. */
async function chooseNearest(
  folder: string,
  names: readonly string[],
  wanted: readonly ConfigLine[],
): Promise<string | null> {
  const rated = await Promise.all(
    names.map(async (name) => {
      const config = parseConfig(await readFile(join(folder, name, '.config'), 'utf8').catch(() => ''));
      return { name, lacks: findLost(wanted, config).length, size: config.size };
    }),
  );
  return rated.toSorted((a, b) => a.lacks - b.lacks || a.size - b.size)[0]?.name ?? null;
}
