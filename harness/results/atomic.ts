/** Files that are either whole or absent, whatever happens while they are written. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, MmapvetError } from '../core/errors.ts';

/**
 * Writes a file by way of a temporary one beside it.
 * @throws MmapvetError FILE_WRITE
 */
export function writeFileAtomic(file: string, text: string, mode = 0o644): void {
  const temporary = join(dirname(file), `.mmapvet-${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    const fd = openSync(temporary, 'wx', mode);
    try {
      writeAll(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeError(file, error);
  }
}

/** `write(2)` may take less than it was given: a full disk, a signal. */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}

/** @param then what else helps, once the file can be written again */
export function writeError(file: string, cause: unknown, then = ''): MmapvetError {
  return new MmapvetError('FILE_WRITE', `The file "${file}" could not be written: ${messageOf(cause)}.`, {
    cause,
    hint: `Make sure that the folder exists, is yours, and that the disk is not full${then}.`,
  });
}
