import { describe, expect, it } from 'vitest';
import type { Fault, Frame } from '../../../harness/core/events.ts';
import { splatLines } from '../../../harness/report/lines/failure.ts';
import { faultPlace, framePlace, guiltyFrames } from '../../../harness/report/lines/fault.ts';

const frame = (name: string, more: Partial<Frame> = {}): Frame => ({
  function: name,
  offset: 16,
  size: 32,
  module: null,
  file: null,
  line: null,
  inlined: false,
  ...more,
});

const FAULT: Fault = {
  class: 'warning',
  title: 'WARNING in do_mmap',
  lines: ['------------[ cut here ]------------', 'WARNING: include/linux/fs.h:2050 at do_mmap+0x10/0x20'],
  frames: [
    frame('dump_stack', { file: 'lib/dump_stack.c', line: 1 }),
    frame('can_mmap_file', { file: 'include/linux/fs.h', line: 2050, offset: null, inlined: true }),
    frame('do_mmap', { file: 'mm/mmap.c', line: 477 }),
    frame('vm_mmap_pgoff', { file: 'mm/util.c', line: 581 }),
    frame('do_syscall_64'),
  ],
};

describe('guiltyFrames', () => {
  it('begins with what was inlined into the guilty function', () => {
    const names = (limit: number) => guiltyFrames(FAULT, limit).map((each) => each.function);
    expect(names(1)).toEqual(['can_mmap_file', 'do_mmap']);
    expect(names(9)).toEqual(['can_mmap_file', 'do_mmap', 'vm_mmap_pgoff', 'do_syscall_64']);
    expect(guiltyFrames({ ...FAULT, frames: [] }, 5)).toEqual([]);
  });
});

describe('splatLines', () => {
  it('shows file and line where they are known', () => {
    expect(splatLines(FAULT)).toEqual([
      'WARNING: include/linux/fs.h:2050 at do_mmap+0x10/0x20',
      '  in can_mmap_file  include/linux/fs.h:2050 (inlined)',
      '  by do_mmap  mm/mmap.c:477',
      '  by vm_mmap_pgoff  mm/util.c:581',
      '  by do_syscall_64+0x10',
    ]);
  });

  it("shows the kernel's words where they are not, and for runs stored before", () => {
    const { frames: _frames, ...stored } = FAULT;
    expect(splatLines(stored)).toEqual(FAULT.lines);
  });
});

it('says where a fault was', () => {
  expect(faultPlace({ ...FAULT, cpu: 1, task: 'sh/7' })).toBe('CPU 1, task sh/7');
  expect(faultPlace({ ...FAULT, cpu: 0, task: null })).toBe('CPU 0');
  expect(faultPlace(FAULT)).toBe('');
  expect(framePlace(frame('f', { module: 'mmapvet' }))).toBe('f+0x10 [mmapvet]');
});
