/**
 * A disk that is full or can't be written to: an errno of ours, or the last words of a program, told as one clear error
 * that names the place and says where else it could lie. It is never a fault of what was to be written.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, sep } from 'node:path';
import { messageOf, MmapvetError } from './errors.ts';
import { cacheFolder, stateFolder } from './paths.ts';

/** tar says of a full disk only how much it wrote. */
const FULL = /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded|Wrote only \d+ of \d+ bytes/;
const READ_ONLY = /EROFS|Read-only file system/i;
const DENIED: readonly unknown[] = ['EACCES', 'EPERM'];

/** As Node makes them; a copy has both, and the second is written to. */
interface Errno {
  readonly code?: string;
  readonly path?: string;
  readonly dest?: string;
  readonly syscall?: string;
}

const errnoOf = (error: unknown): Errno => (error instanceof Error ? (error as Error & Errno) : {});

const CODES: readonly string[] = ['NO_SPACE', 'NOT_WRITABLE'];

const wordsOf = (error: unknown): string =>
  [messageOf(error), ...(error instanceof MmapvetError ? error.details : [])].join('\n');

export const isDiskFull = (error: unknown): boolean => FULL.test(wordsOf(error));

export const isDiskError = (error: unknown): error is MmapvetError =>
  error instanceof MmapvetError && CODES.includes(error.code);

/**
 * @param where the place that is meant if the error does not name it
 * @returns NO_SPACE or NOT_WRITABLE for what is one of these, any other error as it is
 */
export function diskError(error: unknown, where?: string): unknown {
  if (isDiskError(error)) return error;
  const { code, path, dest, syscall } = errnoOf(error);
  // What Node says of a recursive mkdir() on a read-only file system.
  if (code === 'ENOENT' && syscall === 'mkdir' && path !== undefined) return diskError(whyNotMade(path) ?? error);
  const place = dest ?? path ?? where;
  if (place === undefined) return error;
  if (isDiskFull(error))
    return new MmapvetError('NO_SPACE', `There is no space left on the disk of "${place}".`, {
      hint: `${elsewhere('Free some space', place)} Nothing half-written was kept.`,
      cause: error,
    });
  if (READ_ONLY.test(wordsOf(error)))
    return new MmapvetError('NOT_WRITABLE', `The file system of "${place}" is read-only.`, {
      hint: elsewhere('Make it writable', place),
      cause: error,
    });
  if (!(error instanceof MmapvetError) && DENIED.includes(code))
    return new MmapvetError('NOT_WRITABLE', `"${place}" may not be read or written: permission denied.`, {
      hint: elsewhere('Look at its owner and mode', place),
      cause: error,
    });
  return error;
}

function elsewhere(first: string, place: string): string {
  const below = (folder: string): boolean => place === folder || place.startsWith(folder + sep);
  const moves = [
    [cacheFolder(), 'the cache with XDG_CACHE_HOME'],
    [stateFolder(), 'the runs with XDG_STATE_HOME'],
    [tmpdir(), 'temporary files with TMPDIR'],
  ] as const;
  const move = moves.find(([folder]) => below(folder))?.[1];
  return move === undefined ? `${first}.` : `${first}, or move ${move}.`;
}

/** Why nothing can be made in the folder that is to hold `path`; null: it can. */
function whyNotMade(path: string): Error | null {
  const folder = dirname(path);
  if (!existsSync(folder)) return folder === path ? null : whyNotMade(folder);
  try {
    accessSync(folder, constants.W_OK);
    return null;
  } catch (error) {
    return error instanceof Error ? error : null;
  }
}
