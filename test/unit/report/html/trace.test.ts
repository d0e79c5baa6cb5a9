import { describe, expect, test } from 'vitest';
import { flagWords } from '../../../../harness/report/html/shared/event-words.ts';
import { traceLines } from '../../../../harness/report/html/shared/trace.ts';

const MAPPED =
  'seq=2 type=mapped tid=42 tgid=42 start=0x7f27dfaee000 end=0x7f27dfaf2000 pgoff=3 file=2 in=0x1000 out=0x1001 ret=-1 ' +
  'lookup=exact lookup_start=0x7f27dfaee000 lookup_end=0x7f27dfaf2000 lookup_pgoff=3 lookup_flags=0x20fb nofault=-14 ' +
  'rmap_free=1 mmap_locked=1 entered=3 left=4';

describe('the VMA flags', () => {
  test.each([
    ['0xfb', 'rw-s'],
    ['0x71', 'r--- may rwx-'],
    ['0x20fb', 'rw-s LOCKED'],
    ['0x44f9', 'r--s PFNMAP IO'],
    ['0x80000000000000fb', 'rw-s 0x8000000000000000'],
    ['what the guest likes', 'what the guest likes'],
  ])('%s: %s', (hex, words) => {
    expect(flagWords(hex)).toBe(words);
  });
});

describe('a decoded trace', () => {
  test('says what a hook was given, saw and returned', () => {
    expect(traceLines([MAPPED])).toEqual([
      '1  mapped  0x7f27dfaee000-0x7f27dfaf2000 (16 KiB), returns EPERM, page 3, file 2, private data 0x1000 becomes 0x1001, ' +
        'find_vma() sees this VMA, it is rw-s LOCKED, reading it without a fault: EFAULT, mmap lock held',
    ]);
  });

  test.each([
    ['type=fault tid=1 start=0x1000 pgoff=2 file=5 vm_file=5', 'at 0x1000, file 5'],
    ['type=may-split tid=1 start=0x1000 end=0x2000', 'at 0x2000 of the VMA from 0x1000, page 0'],
    ['type=release tid=1 file=3', 'file 3'],
    [
      'type=prepare tid=1 file=3 vm_file=4 out=0x10 ops=null',
      'file 3, vm_file 4, private data 0 becomes 0x10, no vm_ops',
    ],
    [
      'type=mapped tid=1 start=0x1000 end=0x2000 lookup=other lookup_start=0x1000 lookup_end=0x3000 lookup_pgoff=7',
      "0x1000-0x2000 (4 KiB), page 0, find_vma() sees 0x1000-0x3000 at page 7, its words can be read: 0x0 in the first page, 0x0 in the last, the file's rmap lock is held",
    ],
    ['type=mmap-ret tid=1 ret=12', 'returns 12'],
  ])('%s', (line, words) => {
    const [said] = traceLines([line]);
    expect(said?.replace(/^1 {2}\S+ {2}/, '')).toBe(words);
  });

  test('tells what ran inside of a hook, and which thread is another', () => {
    const lines = traceLines([
      'type=mmap tid=7 entered=1 left=6',
      'type=prepare tid=7 entered=2 left=3',
      'type=mapped tid=8 entered=7 left=8 nofault=1 rmap_free=1',
    ]);
    expect(lines[1]).toContain('while 1 ran');
    expect(lines[2]).toContain('thread 8');
    expect(lines[2]).not.toContain('while');
  });

  test('a log in which all ran inside of each other stays short', () => {
    const log = Array.from({ length: 1000 }, (_, at) => `type=open tid=1 entered=${at + 1} left=${3000 - at}`);
    expect(traceLines(log).at(-1)).toContain('while 1 and 2 and 3 and 4 and 5 and 6 and 7 and 8 and 991 more ran');
  });

  test('what is no event has no line', () => {
    expect(traceLines(['', 'cut of', 'seq=1'])).toEqual([]);
    expect(traceLines([])).toEqual([]);
  });
});
