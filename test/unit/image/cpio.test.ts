import { expect, test } from 'vitest';
import { packCpio } from '../../../harness/image/cpio.ts';

/** Reads an archive back by the format's own rules: what the kernel's init/initramfs.c does. */
function unpack(archive: Buffer): { path: string; mode: number; data: string; rdev: string; inode: number }[] {
  const entries = [];
  for (let at = 0; ;) {
    expect(archive.toString('ascii', at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      parseInt(archive.toString('ascii', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const path = archive.toString('utf8', at + 110, nameEnd - 1);
    const dataStart = (nameEnd + 3) & ~3;
    const dataEnd = dataStart + field(6);
    if (path === 'TRAILER!!!') return entries;
    const data = archive.toString('utf8', dataStart, dataEnd);
    entries.push({ path, mode: field(1), data, rdev: `${field(9)}:${field(10)}`, inode: field(0) });
    at = (dataEnd + 3) & ~3;
  }
}

test('each kind of entry comes back with its type bits, data and device numbers', () => {
  const archive = packCpio([
    { kind: 'folder', path: 'etc', mode: 0o755 },
    { kind: 'file', path: 'etc/odd', mode: 0o644, data: Buffer.from('12345') },
    { kind: 'link', path: 'bin', to: 'usr/bin' },
    { kind: 'device', path: 'console', mode: 0o600, major: 5, minor: 1 },
  ]);
  expect(unpack(archive)).toEqual([
    { path: 'etc', mode: 0o040755, data: '', rdev: '0:0', inode: 1 },
    { path: 'etc/odd', mode: 0o100644, data: '12345', rdev: '0:0', inode: 2 },
    { path: 'bin', mode: 0o120777, data: 'usr/bin', rdev: '0:0', inode: 3 },
    { path: 'console', mode: 0o020600, data: '', rdev: '5:1', inode: 4 },
  ]);
});

test('an archive ends on a four byte boundary, so that another may follow', () => {
  for (const size of [0, 1, 2, 3, 4]) {
    const archive = packCpio([{ kind: 'file', path: 'f', mode: 0o644, data: Buffer.alloc(size) }]);
    expect(archive.length % 4).toBe(0);
  }
});

test('equal contents give equal bytes', () => {
  const entries = [{ kind: 'file', path: 'f', mode: 0o644, data: Buffer.from('x') }] as const;
  expect(packCpio(entries).equals(packCpio(entries))).toBe(true);
});
