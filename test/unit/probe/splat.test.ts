import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stripPrintkPrefix } from '../../../harness/probe/console-line.ts';
import { sliceByCell } from '../../../harness/probe/slices.ts';
import { findSplats } from '../../../harness/probe/splat.ts';

/** Console lines as printk prints them with time and caller. */
const consoleOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line, n) => `[    3.${String(141592 + n)}][   T71] ${line}\r`);

const TRACE = `Call Trace:
 <TASK>
 do_mmap+0x1b0/0x5f0
 ? lock_acquire+0xd1/0x2f0
 entry_SYSCALL_64_after_hwframe+0x76/0x7e
 </TASK>`;

const X86_WARNING = `------------[ cut here ]------------
WARNING: ./include/linux/fs.h:2050 at can_mmap_file+0x41/0x60, CPU#0: mmapvet-probes/71
Modules linked in: mmapvet(OE)
CPU: 0 UID: 0 PID: 71 Comm: mmapvet-probes Tainted: G           OE       7.3.4-mmapvet #1 PREEMPT
RIP: 0010:can_mmap_file+0x41/0x60
${TRACE}
irq event stamp: 1234
---[ end trace 0000000000000000 ]---`;

const ARM64_OOPS = `Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010
Mem abort info:
  ESR = 0x0000000096000004
Internal error: Oops: 0000000096000004 [#1]  SMP
Modules linked in: mmapvet(OE)
pc : mmapvet_close+0x20/0x90 [mmapvet]
lr : remove_vma+0x2c/0x80
Call trace:
 mmapvet_close+0x20/0x90 [mmapvet] (P)
 el0t_64_sync+0x198/0x1a0
Code: aa0003f3 f9400800 (f9400801) d2800002
---[ end trace 0000000000000000 ]---
Kernel panic - not syncing: Oops: Fatal exception
---[ end Kernel panic - not syncing: Oops: Fatal exception ]---`;

const CASES: readonly (readonly [string, string, [string, string][]])[] = [
  ['a warning as 7.3 prints it', X86_WARNING, [['warning', 'WARNING in can_mmap_file']]],
  [
    'a warning as before 6.18',
    `------------[ cut here ]------------\nWARNING: CPU: 0 PID: 71 at mm/util.c:1234 compat_vma_mmap+0x41/0x60 [mmapvet]\n${TRACE}\n---[ end trace 0000000000000000 ]---`,
    [['warning', 'WARNING in compat_vma_mmap']],
  ],
  [
    'a warning without symbols',
    'WARNING: mm/util.c:1234 at 0xffffffff81234567, CPU#0: a/1\n---[ end trace 0000000000000000 ]---',
    [['warning', 'WARNING at mm/util.c:1234']],
  ],
  [
    'an arm64 oops and the panic after it, cause first',
    ARM64_OOPS,
    [
      ['oops', 'NULL pointer dereference in mmapvet_close'],
      ['panic', 'panic: Oops: Fatal exception'],
    ],
  ],
  [
    'an x86 oops',
    `BUG: kernel NULL pointer dereference, address: 0000000000000010\n#PF: supervisor read access in kernel mode\nOops: Oops: 0000 [#1] SMP PTI\nRIP: 0010:mmapvet_close+0x20/0x90 [mmapvet]\n${TRACE}\nModules linked in: mmapvet(OE)\n---[ end trace 0000000000000000 ]---`,
    [['oops', 'NULL pointer dereference in mmapvet_close']],
  ],
  [
    'an x86 page fault',
    'BUG: unable to handle page fault for address: ffffc90000000000\nOops: Oops: 0002 [#1] SMP\nRIP: 0010:memcpy+0x1/0x2',
    [['oops', 'paging request in memcpy']],
  ],
  [
    'a general protection fault',
    'Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP\nRIP: 0010:f+0x1/0x2',
    [['oops', 'general protection fault in f']],
  ],
  [
    'a BUG',
    `------------[ cut here ]------------\nkernel BUG at mm/vma.c:512!\nOops: invalid opcode: 0000 [#1] SMP\nRIP: 0010:vma_merge+0x1/0x2\n${TRACE}\n---[ end trace 0000000000000000 ]---`,
    [['bug', 'kernel BUG in vma_merge']],
  ],
  [
    'KASAN',
    `==================================================================\nBUG: KASAN: slab-use-after-free in tcmu_vma_close+0x50/0x90 [target_core_user]\nRead of size 8 at addr ffff888012345678 by task a/1\n\nCPU: 0\n${TRACE}\n\nAllocated by task 1:\n kmalloc+0x1/0x2\n==================================================================\nlater`,
    [['kasan', 'KASAN: slab-use-after-free Read in tcmu_vma_close']],
  ],
  [
    'UBSAN',
    `------------[ cut here ]------------\nUBSAN: array-index-out-of-bounds in mm/util.c:12:34\nindex 5 is out of range for type 'int [4]'\n${TRACE}\n---[ end trace ]---`,
    [['ubsan', 'UBSAN: array-index-out-of-bounds in do_mmap']],
  ],
  [
    'a refcount, more telling than its warning',
    `------------[ cut here ]------------\nrefcount_t: underflow; use-after-free.\nWARNING: lib/refcount.c:28 at refcount_warn_saturate+0x1/0x2, CPU#0: a/1\n${TRACE}\n---[ end trace 0000000000000000 ]---`,
    [['refcount', 'refcount_t: underflow; use-after-free in do_mmap']],
  ],
  [
    'list corruption',
    `list_del corruption. prev->next should be ffff, but was dead. (prev=beef)\n------------[ cut here ]------------\nkernel BUG at lib/list_debug.c:64!\nRIP: 0010:__list_del_entry_valid+0x1/0x2\n---[ end trace 0000000000000000 ]---`,
    [['list-corruption', 'list_del corruption in __list_del_entry_valid']],
  ],
  [
    'lockdep, with its own stack trace and nothing after it',
    `============================================\nWARNING: possible recursive locking detected\n7.3.4 Not tainted\n--------------------------------------------\na/71 is trying to acquire lock:\nstack backtrace:\n${TRACE}\nusual life goes on`,
    [['lockdep', 'possible recursive locking in do_mmap']],
  ],
  [
    'circular locking',
    'WARNING: possible circular locking dependency detected',
    [['lockdep', 'possible circular locking dependency']],
  ],
  ['an inconsistent state', 'WARNING: inconsistent lock state', [['lockdep', 'inconsistent lock state']]],
  ['an unlock too many', 'WARNING: bad unlock balance detected!', [['lockdep', 'bad unlock balance']]],
  ['suspicious RCU usage', 'WARNING: suspicious RCU usage', [['lockdep', 'suspicious RCU usage']]],
  [
    'a hung task',
    `INFO: task mmapvet-probes:71 blocked for more than 20 seconds.\n${TRACE}\nlater`,
    [['hung-task', 'task hung in do_mmap']],
  ],
  ['an RCU stall', 'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:', [['rcu-stall', 'RCU stall']]],
  ['a self-detected stall', 'rcu: INFO: rcu_sched self-detected stall on CPU', [['rcu-stall', 'RCU stall']]],
  [
    'a soft lockup',
    'watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:1]\nRIP: 0010:spin+0x1/0x2',
    [['lockup', 'soft lockup in spin']],
  ],
  [
    'a panic',
    'Kernel panic - not syncing: Attempted to kill init! exitcode=0x0',
    [['panic', 'panic: Attempted to kill init! exitcode=0x0']],
  ],
  [
    'sleeping while atomic',
    `BUG: sleeping function called from invalid context at mm/slub.c:123\n${TRACE}`,
    [['atomic-sleep', 'sleeping function called from invalid context in do_mmap']],
  ],
  [
    'scheduling while atomic',
    'BUG: scheduling while atomic: a/1/0x00000002',
    [['atomic-sleep', 'scheduling while atomic']],
  ],
  [
    'the OOM killer',
    'Out of memory: Killed process 71 (mmapvet-probes) total-vm:1kB',
    [['oom', 'out of memory, killed mmapvet-probes']],
  ],
  ['a bad page', 'BUG: Bad page state in process a  pfn:1', [['page-state', 'Bad page state']]],
  ['any other BUG', 'BUG: something new', [['bug', 'BUG: something new']]],
  [
    'any other WARNING with a stack',
    `WARNING: something new\nCPU: 0 UID: 0 PID: 7 Comm: sh Not tainted 7.3.4 #1\n${TRACE}`,
    [['warning', 'WARNING: something new']],
  ],
  ['no WARNING without a stack', 'WARNING: the option is deprecated', []],
  [
    'a splat that was cut right after its first line',
    '------------[ cut here ]------------',
    [['other', 'a cut off splat']],
  ],
];

describe('findSplats', () => {
  it.each(CASES)('finds %s', (_name, text, expected) => {
    expect(findSplats(consoleOf(text)).map((fault) => [fault.class, fault.title])).toEqual(expected);
    // Without prefixes too, as /dev/kmsg gives it.
    expect(findSplats(text.split('\n')).map((fault) => [fault.class, fault.title])).toEqual(expected);
  });

  it('keeps the whole splat and nothing else', () => {
    const faults = findSplats(consoleOf(`before\n${X86_WARNING}\nafter`));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.lines).toEqual(X86_WARNING.split('\n'));
  });

  it('ends a lockdep report after its stack trace', () => {
    const [fault] = findSplats(consoleOf(`WARNING: inconsistent lock state\nx\n${TRACE}\nnext line\nmore`));
    expect(fault?.lines.at(-1)).toBe(' </TASK>');
  });

  it('finds two in a row', () => {
    expect(findSplats(consoleOf(`${X86_WARNING}\n${X86_WARNING}`))).toHaveLength(2);
  });

  it.each([
    'Linux version 7.3.4-mmapvet (gcc) #1 SMP',
    'rcu: Hierarchical RCU implementation.',
    'Spectre V2 : WARNING: Unprivileged eBPF is enabled',
    'mmapvet: begin E02.direct',
    'INFO: lockdep is turned off.',
    'kasan: KernelAddressSanitizer initialized (generic)',
    'Freeing unused kernel image (initmem) memory: 1234K',
    'DEBUG: a message',
  ])('is silent about "%s"', (line) => {
    expect(findSplats(consoleOf(line))).toEqual([]);
  });

  it('bounds what it keeps', () => {
    const word = (n: number) => String(n).replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
    const flood = Array.from({ length: 10_000 }, (_, n) => `BUG: ${word(n)} ${'x'.repeat(5000)}`);
    const faults = findSplats(flood);
    expect(faults).toHaveLength(64);
    expect(findSplats(Array.from({ length: 100 }, (_, n) => `BUG: number ${n}`))).toHaveLength(4);
    expect(faults[0]?.lines[0]?.length).toBeLessThanOrEqual(400);
    const endless = ['------------[ cut here ]------------', ...Array.from({ length: 10_000 }, () => 'x')];
    expect(findSplats(endless)[0]?.lines.length).toBeLessThanOrEqual(401);
  });

  it('never throws', () => {
    const line = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...ARM64_OOPS.split('\n')));
    fc.assert(fc.property(fc.array(line), (lines) => void findSplats(lines)));
  });
});

describe('stripPrintkPrefix', () => {
  it.each([
    ['[    3.141592] hello', 'hello'],
    ['[    3.141592][   T71] hello', 'hello'],
    ['[12345.000001][    C0]  indented', ' indented'],
    ['<4>[    0.000000] level', 'level'],
    ['no prefix', 'no prefix'],
    ['[ BUG: Invalid wait context ]', '[ BUG: Invalid wait context ]'],
    ['\u001b[31m[    1.000000] red\u001b[0m\r', 'red'],
  ])('%j', (line, expected) => {
    expect(stripPrintkPrefix(line)).toBe(expected);
  });
});

describe('sliceByCell', () => {
  it('sorts lines by the cell that was running', () => {
    const slices = sliceByCell([
      'boot',
      '[    1.000000][   T71] mmapvet: begin A01.direct',
      'one',
      '[    1.000001][   T71] mmapvet: end A01.direct\r',
      'between',
      'mmapvet: begin A02.W1',
      'two',
      'mmapvet: end A03.direct',
      'still two',
      'mmapvet: begin A01.direct',
      'one again',
    ]);
    expect([...slices.cells]).toEqual([
      ['A01.direct', ['one', 'one again']],
      ['A02.W1', ['two', 'still two']],
    ]);
    expect(slices.outside).toEqual(['boot', 'between']);
    expect(slices.open).toBe('A01.direct');
  });

  it('finds the marks on a console that prints characters twice', () => {
    const slices = sliceByCell([
      'mmapvet:: beginn A111.ddirect',
      'in it',
      '[    4.1] mmmapvet: end A11.direct',
      'out',
      'mmapvet: begin K01.W2',
      'k',
    ]);
    expect([...slices.cells]).toEqual([
      ['A11.direct', ['in it']],
      ['K01.W2', ['k']],
    ]);
    expect(slices.outside).toEqual(['out']);
  });
});
