/**
 * The counters that a guest sends as a tar stream: `./E02/#path#of#objects#mm#util.gcda`. A guest is not trusted: nothing
 * of a name becomes a path of ours, and what is too much or too big is refused.
 */
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { MmapvetError, messageOf } from '../core/errors.ts';

export interface GuestCounters {
  /** A clause, or `background`: what any process runs through. */
  readonly clause: string;
  /** The source file, one of those that were asked for. */
  readonly file: string;
  readonly data: Buffer;
}

export const BACKGROUND = 'background';

/** Of all of a guest, and of one file; mm/vma.c has 20 KiB. */
export const MOST_BYTES = 64 * 1024 * 1024;
const MOST_OF_A_FILE = 4 * 1024 * 1024;
const MOST_FILES = 20_000;

const NAME = /^(?:\.\/)?([A-O]\d{2}|background)\/(#[^/]{1,1000})\.gcda$/;

/**
 * @param files the source files that count, such as mm/util.c; of other files nothing is kept
 * @throws MmapvetError COVERAGE_BAD for a stream that is no tar, or too big
 */
export async function readCounters(bytes: Buffer, files: readonly string[]): Promise<GuestCounters[]> {
  const byObject = new Map(files.map((file) => [`#${file.replace(/\.c$/, '').replaceAll('/', '#')}`, file]));
  const found: GuestCounters[] = [];
  const entries = Readable.from([bytes]).pipe(extract());
  let seen = 0;
  try {
    for await (const entry of entries) {
      seen += 1;
      const { name, size, type } = entry.header;
      if (seen > MOST_FILES || size > MOST_OF_A_FILE) throw new Error('it is too big');
      const match = NAME.exec(name);
      const object = match?.[2] ?? '';
      const file = [...byObject].find(([suffix]) => object.endsWith(suffix))?.[1];
      if (type !== 'file' || match === null || file === undefined) {
        entry.resume();
        continue;
      }
      const parts: Buffer[] = [];
      for await (const part of entry) parts.push(part as Buffer);
      found.push({ clause: match[1] ?? '', file, data: Buffer.concat(parts) });
    }
  } catch (error) {
    throw new MmapvetError('COVERAGE_BAD', `What the guest sent of its coverage can't be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  return found;
}
