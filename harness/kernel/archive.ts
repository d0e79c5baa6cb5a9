/** Unpacks a kernel's tarball, or the one in a linux-source package, into a new folder. */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiskFull } from '../core/disk.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import { versionOfTree } from './version.ts';

/**
 * Leaves the kernel's top folder at `source` below `folder`.
 * @throws MmapvetError KERNEL_UNREADABLE, KERNEL_NOT_A_TREE
 */
export async function unpackTarball(file: string, folder: string, signal: AbortSignal): Promise<void> {
  const unpacked = join(folder, 'unpacked');
  await run(['mkdir', '-p', unpacked], { signal });
  try {
    // tar finds out about the compression by itself; files belong to whoever unpacks them.
    await run(
      ['tar', '--extract', '--no-same-owner', '--no-same-permissions', '--file', file, '--directory', unpacked],
      {
        signal,
      },
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MmapvetError) || isDiskFull(error)) throw error;
    throw new MmapvetError('KERNEL_UNREADABLE', `"${file}" can't be unpacked.`, {
      blame: 'usage',
      hint: 'Give a whole .tar, .tar.gz, .tar.xz or .tar.zst of a kernel tree.',
      details: error.details,
      cause: error,
    });
  }
  const names = await readdir(unpacked);
  const top = (await versionOfTree(unpacked)) === null && names.length === 1 ? join(unpacked, names[0]!) : unpacked;
  if ((await versionOfTree(top)) === null)
    throw usageError(
      'KERNEL_NOT_A_TREE',
      `There is no kernel tree in "${file}".`,
      "Give a tarball of a kernel's sources.",
    );
  await rename(top, join(folder, 'source'));
  await rm(unpacked, { recursive: true, force: true });
}

export async function unpackSourceDeb(deb: string, folder: string, signal: AbortSignal): Promise<void> {
  const opened = join(folder, 'deb');
  await run(['dpkg-deb', '--extract', deb, opened], {
    signal,
    hint: `Delete "${deb}"; the next run fetches it again.`,
  });
  const inside = join(opened, 'usr/src');
  const tarball = (await readdir(inside)).find((name) => name.includes('.tar'));
  if (tarball === undefined)
    throw new MmapvetError('KERNEL_UNREADABLE', `The package "${deb}" holds no tarball in usr/src.`, {
      hint: 'Choose another version of the package.',
    });
  await unpackTarball(join(inside, tarball), folder, signal);
  await rm(opened, { recursive: true, force: true });
}
