import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { readCounters } from '../../../harness/probe/gcda-archive.ts';

const FILES = ['mm/util.c', 'mm/vma.c'];
const OBJECTS = '#root#cache#work#0a#objects#x86_64-base-gcov-1234';

async function tar(entries: readonly { name: string; text?: string; type?: 'file' | 'symlink' | 'directory' }[]) {
  const packed = pack();
  for (const { name, text = '', type = 'file' } of entries)
    packed.entry(
      { name, type, ...(type === 'symlink' ? { linkname: '/etc/passwd' } : {}) },
      type === 'file' ? text : '',
    );
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
    { name: `E02/${OBJECTS}#mm#util.gcno`, text: 'x' },
  ]);
  expect(await readCounters(archive, FILES)).toEqual([]);
});

test.each([
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
