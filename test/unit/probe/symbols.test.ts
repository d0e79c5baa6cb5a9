import { describe, expect, it } from 'vitest';
import { parseAddr2line, shortPath, treeOf } from '../../../harness/probe/addr2line.ts';
import { symbolIn } from '../../../harness/probe/frames.ts';
import { parseSymbolTable, symbolOf } from '../../../harness/probe/symbol-table.ts';

const TABLE = parseSymbolTable(
  [
    'vmlinux:     file format elf64-little',
    'SYMBOL TABLE:',
    'ffffffff81000000 l    d  .text\t0000000000000000 .text',
    'ffffffff81001000 l     F .text\t0000000000000031 reset',
    'ffffffff81002000 l     F .text\t00000000000000f0 reset',
    'ffffffff81003000 g     F .text\t0000000000000042 .hidden do_mmap',
    'ffffffff81004000 g       .entry.text\t0000000000000000 entry_SYSCALL_64_after_hwframe',
    '0000000000000000         *UND*\t0000000000000000 missing',
  ].join('\n'),
);

const addressOf = (text: string) => {
  const frame = symbolIn(text);
  return frame === null ? null : (symbolOf(TABLE, frame)?.address.toString(16) ?? null);
};

describe('symbolOf', () => {
  it.each([
    ['do_mmap+0x41/0x50', 'ffffffff81003000'],
    ['entry_SYSCALL_64_after_hwframe+0x4b/0x53', 'ffffffff81004000'],
    // Two static functions of one name: the size tells which, padding included.
    ['reset+0x10/0x40', 'ffffffff81001000'],
    ['reset+0x10/0xf0', 'ffffffff81002000'],
    // Larger here than in the console: another build.
    ['do_mmap+0x20/0x30', null],
    ['do_mmap+0x60/0x50', null],
    ['missing+0x1/0x2', null],
  ])('%s', (text, expected) => {
    expect(addressOf(text)).toBe(expected);
  });
});

describe('parseAddr2line', () => {
  it('gives the inlined functions of each address, innermost first', () => {
    const text = `0xffffffff81003041
check_mmap_action
/build/linux/mm/util.c:1427 (discriminator 3)
mmap_action_prepare
/build/linux/./mm/util.c:1445
0xffffffff81004000
??
??:0
0x0000000000000000
el0t_64_sync
entry.o:?
`;
    expect(parseAddr2line(text)).toEqual([
      [
        { function: 'check_mmap_action', path: '/build/linux/mm/util.c', line: 1427 },
        { function: 'mmap_action_prepare', path: '/build/linux/mm/util.c', line: 1445 },
      ],
      [{ function: '??', path: null, line: null }],
      [{ function: 'el0t_64_sync', path: 'entry.o', line: null }],
    ]);
  });

  it('takes anything', () => {
    expect(parseAddr2line('')).toEqual([]);
    expect(parseAddr2line('garbage\nmore\n0x1\nlast')).toEqual([[]]);
  });
});

describe('paths', () => {
  it('finds the tree through a file whose place is known', () => {
    expect(treeOf('/home/kernel/linux/init/main.c', 'init/main.c')).toBe('/home/kernel/linux/');
    expect(treeOf('init/main.c', 'init/main.c')).toBeNull();
    expect(treeOf(null, 'init/main.c')).toBeNull();
  });

  it.each([
    ['/home/kernel/linux/mm/util.c', 'mm/util.c'],
    ['../../mm/util.c', 'mm/util.c'],
    ['mm/util.c', 'mm/util.c'],
    ['/objects/arch/x86/include/generated/asm/syscalls_64.h', 'arch/x86/include/generated/asm/syscalls_64.h'],
    // ccache has it from the working folder of another tree.
    [`/root/.cache/mmapvet/work/${'0a'.repeat(16)}/source/drivers/tty/sysrq.c`, 'drivers/tty/sysrq.c'],
    ['/somewhere/else/driver/action.c', 'driver/action.c'],
  ])('%s is %s', (path, expected) => {
    expect(shortPath(path, '/home/kernel/linux/')).toBe(expected);
  });
});
