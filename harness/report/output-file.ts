/** A report's file: whether it can be written is known before the run, and it is written whole at its end. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf, MmapvetError } from '../core/errors.ts';
import { writeError, writeFileAtomic } from '../results/atomic.ts';

/**
 * Leaves nothing behind.
 * @throws MmapvetError REPORT_UNWRITABLE (usage)
 */
export function checkReportFile(file: string): void {
  const path = resolve(file);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) throw unwritable(file, 'it is a folder');
  try {
    // Permissions tell little: a file system may be read-only or full. Files are replaced by way of a new one beside them.
    const trial = isSpecial(path) ? path : join(dirname(realFile(path)), `.mmapvet-${randomBytes(4).toString('hex')}`);
    closeSync(openSync(trial, isSpecial(path) ? 'a' : 'wx'));
    if (!isSpecial(path)) rmSync(trial);
  } catch (error) {
    throw unwritable(file, messageOf(error), error);
  }
}

/** Whole or not at all; a link stays a link, and a device or pipe (`/dev/stdout`) is written into, not replaced. */
export function writeReportFile(file: string, text: string): void {
  const path = resolve(file);
  if (!isSpecial(path)) return writeFileAtomic(realFile(path), text);
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw writeError(path, error);
  }
}

function isSpecial(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile();
}

const realFile = (path: string): string =>
  statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);

function unwritable(file: string, why: string, cause?: unknown): MmapvetError {
  return new MmapvetError('REPORT_UNWRITABLE', `The report "${file}" could not be written: ${why}.`, {
    cause,
    blame: 'usage',
    hint: 'Make its folder, or name another one.',
  });
}
