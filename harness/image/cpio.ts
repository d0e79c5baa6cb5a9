/**
 * Writes the "newc" cpio format, which is what the kernel unpacks an initramfs from
 * (Documentation/driver-api/early-userspace/buffer-format.rst; init/initramfs.c). Archives may simply be concatenated:
 * that is how the layers of an image are put together.
 */

export type CpioEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly data: Uint8Array }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | {
      readonly kind: 'device';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

const TRAILER = 'TRAILER!!!';

interface Fields {
  readonly mode: number;
  readonly data: Uint8Array;
  readonly major: number;
  readonly minor: number;
}

function fieldsOf(entry: CpioEntry): Fields {
  const none = { data: new Uint8Array(0), major: 0, minor: 0 };
  switch (entry.kind) {
    case 'file':
      return { ...none, mode: S_IFREG | entry.mode, data: entry.data };
    case 'folder':
      return { ...none, mode: S_IFDIR | entry.mode };
    case 'link':
      return { ...none, mode: S_IFLNK | 0o777, data: Buffer.from(entry.to) };
    case 'device':
      return { ...none, mode: S_IFCHR | entry.mode, major: entry.major, minor: entry.minor };
  }
}

const pad4 = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);

function record(name: string, inode: number, fields: Fields): Buffer[] {
  const nameBytes = Buffer.from(`${name}\0`);
  const numbers = [
    inode,
    fields.mode,
    0, // owner and group are root whoever built the image
    0,
    1,
    0, // a fixed time: equal contents give equal images
    fields.data.length,
    0,
    0,
    fields.major,
    fields.minor,
    nameBytes.length,
    0,
  ];
  const header = `070701${numbers.map((n) => n.toString(16).padStart(8, '0')).join('')}`;
  return [
    Buffer.from(header, 'ascii'),
    nameBytes,
    pad4(header.length + nameBytes.length),
    Buffer.from(fields.data),
    pad4(fields.data.length),
  ];
}

/** One archive. Folders must come before what lies in them, as the kernel creates no parents. */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => record(entry.path, index + 1, fieldsOf(entry)));
  parts.push(...record(TRAILER, 0, { mode: 0, data: new Uint8Array(0), major: 0, minor: 0 }));
  const archive = Buffer.concat(parts);
  return Buffer.concat([archive, pad4(archive.length)]);
}
