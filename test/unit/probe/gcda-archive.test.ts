import { buffer } from 'node:stream/consumers';
import { pack, type Header } from 'tar-stream';
import { expect, test } from 'vitest';
import { readCounters } from '../../../harness/probe/gcda-archive.ts';

const FILES = ['mm/util.c', 'mm/vma.c'];
const OBJECTS = '#root#cache#work#0a#objects#x86_64-base-gcov-1234';

interface Entry {
  readonly name: string;
  readonly text?: string;
  readonly type?: Header['type'];
}

async function tar(entries: readonly Entry[]) {
  const packed = pack();
  const isLink = (type: Entry['type']): boolean => type === 'symlink' || type === 'link';
  for (const { name, text = '', type = 'file' } of entries)
    packed.entry({ name, type, ...(isLink(type) ? { linkname: '/etc/passwd' } : {}) }, type === 'file' ? text : '');
  packed.finalize();
  return buffer(packed);
}

test('files are known by what follows the object folder, whatever that is', async () => {
  const archive = await tar([
    { name: './', type: 'directory' },
    { name: './E02/', type: 'directory' },
    { name: `./E02/${OBJECTS}#mm#util.gcda`, text: 'one' },
    { name: `./background/${OBJECTS}#mm#vma.gcda`, text: 'two' },
    { name: `A01/${OBJECTS}#mm#util.gcda`, text: 'three' },
  ]);
  const found = (await readCounters(archive, FILES)).map(({ data, ...rest }) => ({ ...rest, text: String(data) }));
  expect(found).toEqual([
    { clause: 'E02', file: 'mm/util.c', text: 'one' },
    { clause: 'background', file: 'mm/vma.c', text: 'two' },
    { clause: 'A01', file: 'mm/util.c', text: 'three' },
  ]);
});

test('whatever else a guest puts in is left out', async () => {
  const archive = await tar([
    { name: `../E02/${OBJECTS}#mm#util.gcda`, text: 'x' },
    { name: '/etc/passwd', text: 'x' },
    { name: `E02/../../${OBJECTS}#mm#util.gcda`, text: 'x' },
    { name: `Z99/${OBJECTS}#mm#util.gcda`, text: 'x' },
    { name: `E02/${OBJECTS}#fs#proc#util.gcda`, text: 'x' },
    { name: `E02/${OBJECTS}#mm#util.gcda`, type: 'symlink' },
    { name: `E02/${OBJECTS}#mm#util.gcda`, type: 'link' },
    { name: `E02/${OBJECTS}#mm#util.gcda`, type: 'character-device' },
    { name: `E02/${OBJECTS}#mm#util.gcda`, type: 'block-device' },
    { name: `E02/${OBJECTS}#mm#util.gcda`, type: 'fifo' },
    { name: `E02/#${'x'.repeat(2000)}#mm#util.gcda`, text: 'x' },
    { name: `E02/${OBJECTS}#mm#util.gcno`, text: 'x' },
  ]);
  expect(await readCounters(archive, FILES)).toEqual([]);
});

/** A header as no packer would write it, its checksum made good. */
function forge(header: Buffer, change: (header: Buffer) => void): Buffer {
  const forged = Buffer.from(header);
  change(forged);
  forged.fill(' ', 148, 156);
  const sum = forged.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  forged.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return forged;
}

test('a name ends at its first NUL: what follows is nobody else', async () => {
  const name = `E02/${OBJECTS}#mm#util.gcda`;
  const archive = forge(await tar([{ name, text: 'x' }]), (header) => header.write('\0/../x', name.length, 'latin1'));
  expect((await readCounters(archive, FILES)).map(({ clause, file }) => [clause, file])).toEqual([
    ['E02', 'mm/util.c'],
  ]);
  const cut = forge(await tar([{ name, text: 'x' }]), (header) => header.write('\0', 10, 'latin1'));
  expect(await readCounters(cut, FILES)).toEqual([]);
});

test.each([
  [
    'says that a file has eight exabytes',
    async () =>
      forge(await tar([{ name: `E02/${OBJECTS}#mm#util.gcda`, text: 'x' }]), (header) =>
        header.set([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 124),
      ),
  ],
  [
    'has a negative size',
    async () =>
      forge(await tar([{ name: `E02/${OBJECTS}#mm#util.gcda`, text: 'x' }]), (header) => header.fill(0xff, 124, 136)),
  ],
  [
    'has more files than there can be',
    async () => {
      const one = (await tar([{ name: 'x' }])).subarray(0, 512);
      return Buffer.concat([...Array.from({ length: 20_001 }, () => one), Buffer.alloc(1024)]);
    },
  ],
  ['is no tar', async () => Buffer.alloc(1024, 'x')],
  [
    'ends in the middle',
    async () => (await tar([{ name: `E02/${OBJECTS}#mm#util.gcda`, text: 'x'.repeat(5000) }])).subarray(0, 1500),
  ],
  [
    'has a file that is too big',
    async () => tar([{ name: `E02/${OBJECTS}#mm#util.gcda`, text: 'x'.repeat(4 * 1024 * 1024 + 1) }]),
  ],
])('a stream that %s is refused as a whole', async (_, make) => {
  await expect(readCounters(await make(), FILES)).rejects.toMatchObject({ code: 'COVERAGE_BAD' });
});
