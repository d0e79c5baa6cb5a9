/**
 * Whether driver and probes, as they were built last, are still what make would give: it takes two seconds of an edit's
 * wait to find that out, most of it for starting kbuild. An edit of a C file of the kernel is no reason to build them.
 */
import { hash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const stampOf = (out: string): string => join(out, 'built');

/** What the driver is linked against: which symbols there are. */
const symbolsIn = async (objects: string): Promise<string> =>
  hash('sha256', await readFile(join(objects, 'Module.symvers'))).slice(0, 16);

interface Places {
  readonly objects: string;
  readonly out: string;
}

/** Before anything changes that kbuild's dependency files don't name. */
export const forgetGuestCode = (out: string): Promise<void> => rm(stampOf(out), { force: true });

/** Before make starts: what changes from now on is newer. @returns to be called when it has built all */
export async function beginGuestCode({ objects, out }: Places, key: string): Promise<() => Promise<void>> {
  await forgetGuestCode(out);
  const begun = `${stampOf(out)}.new`;
  await writeFile(begun, `${key} ${await symbolsIn(objects)}\n`);
  return () => rename(begun, stampOf(out));
}

/**
 * By the files that kbuild's dependency files name (scripts/basic/fixdep.c), and the time of the last change of each inode.
 * @param key of all sources and words that they were built by
 */
export async function isGuestCodeCurrent({ objects, out }: Places, key: string): Promise<boolean> {
  const stamp = stampOf(out);
  try {
    if ((await readFile(stamp, 'utf8')) !== `${key} ${await symbolsIn(objects)}\n`) return false;
    const since = (await stat(stamp)).mtimeMs;
    const driver = join(out, 'driver');
    const files = (await readdir(driver)).filter((name) => name.endsWith('.cmd'));
    const { needed, options } = dependencies(
      await Promise.all(files.map((name) => readFile(join(driver, name), 'utf8'))),
    );
    // From the module's folder; from the object folder before 6.13.
    const found = await Promise.all(
      [...needed].map(
        async (path) => (await changedAt(resolve(driver, path))) ?? (await changedAt(resolve(objects, path))),
      ),
    );
    const set = await Promise.all([...options].map((path) => changedAt(resolve(objects, path))));
    return needed.size > 0 && found.every((at) => at !== null && at < since) && set.every((at) => (at ?? 0) < since);
  } catch {
    return false;
  }
}

interface Dependencies {
  readonly needed: ReadonlySet<string>;
  /** What stands for a config option, or else need not be there. */
  readonly options: ReadonlySet<string>;
}

const DEPENDENCY = /\$\(wildcard ([^\s)]+)\)|^ +([^\s$:()]+) \\$/gm;

/** Pure. */
export function dependencies(commands: readonly string[]): Dependencies {
  const needed = new Set<string>();
  const options = new Set<string>();
  for (const text of commands)
    for (const [, option, file] of text.matchAll(DEPENDENCY))
      if (option === undefined) needed.add(file ?? '');
      else options.add(option);
  return { needed, options };
}

/** In ms; null for what is not there. */
const changedAt = (path: string): Promise<number | null> =>
  stat(path).then(
    ({ ctimeMs }) => ctimeMs,
    () => null,
  );
