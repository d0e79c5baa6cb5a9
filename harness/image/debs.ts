/**
 * Reads files out of .deb packages. `dpkg-deb --fsys-tarfile` undoes the compression, tar-stream the archive.
 */
import { readdir } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { MmapvetError } from '../core/errors.ts';
import { spawn } from '../core/exec.ts';
import type { CpioEntry } from './cpio.ts';

/** A file of a package is at most this large; libc, the largest that we take, has 2 MB. */
const MAX_FILE = 32 * 1024 * 1024;

/**
 * The files and links of a package whose path (without leading `./`) matches one of the globs.
 * @throws MmapvetError DEB_UNREADABLE, DEB_LACKS_FILE
 */
export async function readDeb(deb: string, globs: readonly string[], signal?: AbortSignal): Promise<CpioEntry[]> {
  const found: CpioEntry[] = [];
  const missing = new Set(globs);
  const child = spawn(['dpkg-deb', '--fsys-tarfile', deb], {
    buffer: { stdout: false },
    encoding: 'buffer',
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  const tar = extract();
  (child.stdout as Readable).pipe(tar);
  const reading = (async () => {
    for await (const entry of tar) {
      const path = entry.header.name.replace(/^\.\//, '');
      const glob = globs.find((candidate) => matchesGlob(path, candidate));
      if (glob === undefined || (entry.header.size ?? 0) > MAX_FILE) {
        entry.resume();
        continue;
      }
      missing.delete(glob);
      if (entry.header.type === 'symlink' && entry.header.linkname)
        found.push({ kind: 'link', path, to: entry.header.linkname });
      else if (entry.header.type === 'file')
        found.push({ kind: 'file', path, mode: (entry.header.mode ?? 0o644) & 0o777, data: await collect(entry) });
      entry.resume();
    }
  })();
  try {
    await Promise.all([child, reading]);
  } catch (error) {
    signal?.throwIfAborted();
    throw new MmapvetError('DEB_UNREADABLE', `The package "${deb}" can't be read.`, {
      cause: error,
      hint: 'Delete the file; the next run fetches it again.',
    });
  }
  if (missing.size > 0)
    throw new MmapvetError('DEB_LACKS_FILE', `The package "${deb}" has no "${[...missing].join('", "')}".`, {
      hint: "Use packages of Debian 12 or later of the guest's architecture.",
    });
  return found;
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * The packages in a folder of the user's (`--guest-debs`), by name; of several versions the last in name order.
 * @throws MmapvetError GUEST_DEBS_MISSING
 */
export async function debsInFolder(
  folder: string,
  names: readonly string[],
  arch: string,
): Promise<Map<string, string>> {
  const files = (await readdir(folder).catch(() => [] as string[])).toSorted();
  const found = new Map<string, string>();
  for (const name of names) {
    const file = files.findLast((candidate) => candidate.startsWith(`${name}_`) && candidate.endsWith(`_${arch}.deb`));
    if (file !== undefined) found.set(name, join(folder, file));
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0)
    throw new MmapvetError('GUEST_DEBS_MISSING', `"${folder}" lacks ${arch} packages: ${missing.join(', ')}.`, {
      blame: 'usage',
      hint: `Put a file NAME_VERSION_${arch}.deb for each into the folder.`,
    });
  return found;
}
