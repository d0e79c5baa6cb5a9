/** Where things lie: the project's own folders, and the user's, after the XDG base directory specification. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export const PROJECT = resolve(import.meta.dirname, '../..');

export const KERNEL_CONFIG = join(PROJECT, 'kernel-config');
export const GUEST = join(PROJECT, 'guest');

/** The specification says that a relative path in these variables is to be ignored. */
function xdg(variable: string, fallback: string): string {
  const value = process.env[variable];
  return value !== undefined && isAbsolute(value) ? value : join(homedir(), fallback);
}

/** Builds, sources, packages: everything that can be made again. */
export const cacheFolder = (): string => join(xdg('XDG_CACHE_HOME', '.cache'), 'mmapvet');

/** Runs: what can't be made again. */
export const stateFolder = (): string => join(xdg('XDG_STATE_HOME', '.local/state'), 'mmapvet');

/** The user's own settings. */
export const configFolder = (): string => join(xdg('XDG_CONFIG_HOME', '.config'), 'mmapvet');
