/**
 * Configuring and asking for features costs seconds, which a developer waits for after each edit. Neither can come out
 * differently where it was asked for by the same words and no file that it reads has changed.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../core/exec.ts';

const stampOf = (objects: string): string => join(objects, 'mmapvet-configured');

/** The last line of a stamp: one that was cut off has none. */
const END = 'end';

/** Kconfig files, headers, kbuild, and the folders that they lie in: one that is gone counts, too. */
const PLACES = ['./include', './include/*', './arch/*/include', './arch/*/include/*', './scripts', './scripts/*'];
const FILES = ['./kernel/configs/*', './arch/*/configs/*', './Makefile', './arch/*/Makefile*'];
const READ = ['(', '-name', 'Kconfig*', ...[...PLACES, ...FILES].flatMap((path) => ['-o', '-path', path]), ')'];

/**
 * By the time of the last change of the inode, which a file that is put in place under an old date has, too.
 * @param key of all words that config and features were made by
 * @returns the features, null where they and the config have to be made
 */
export async function configuredFeatures(
  objects: string,
  source: string,
  key: string,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const stamp = stampOf(objects);
  const lines = (await readFile(stamp, 'utf8').catch(() => '')).trimEnd().split('\n');
  if (lines[0] !== key || lines.at(-1) !== END) return null;
  const newer = await run(['find', '.', ...READ, '-cnewer', stamp, '-print', '-quit'], { cwd: source, signal });
  return newer.stdout === '' ? lines.slice(1, -1) : null;
}

/** Before anything of the config changes. */
export const forgetConfigured = (objects: string): Promise<void> => rm(stampOf(objects), { force: true });

export async function rememberConfigured(objects: string, key: string, features: readonly string[]): Promise<void> {
  await writeFile(stampOf(objects), `${[key, ...features, END].join('\n')}\n`);
}
