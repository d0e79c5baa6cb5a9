import { describe, expect, test } from 'vitest';
import { readTasks } from '../../../harness/probe/tasks.ts';
import { judge } from '../../../harness/run/hang.ts';

const LATE = { cell: 'A01.direct', text: 'no result 37 s after it began', unkillable: false };
const FOUND = { late: LATE, tasks: null, answers: false, dump: [], registers: null };

/** proc(5): state, parent, …, utime and stime as 14th and 15th field. */
const task = (pid: number, state: string, user: number, kernel: number, ...stack: readonly string[]): string =>
  [
    `task ${pid} (mmapvet-probes) ${state} 60 71 60 0 -1 4194560 100 0 0 0 ${user} ${kernel} 0 0 20 0`,
    ...stack.map((frame) => `stack [<0>] ${frame}`),
  ].join('\n');
const looks = (first: string, second: string) => readTasks(`${first}\nagain\n${second}\nalive\n`);

const IN_MMAP = ['rwsem_down_write_slowpath+0x1f1/0x6e0', 'vm_mmap_pgoff+0x8e/0x180', 'do_syscall_64+0x6f/0x380'];
const BLOCKED = [
  '[  142.001724] sysrq: Show Blocked State',
  '[  142.001724] task:mmapvet-probes  state:D stack:0     pid:71    tgid:71    ppid:64     task_flags:0x400100',
  '[  142.001799] Call Trace:',
  '[  142.002109]  <TASK>',
  '[  142.002649]  __schedule+0x3a1/0xd40',
  '[  142.004117]  down_write_killable+0xb4/0xc0',
  '[  142.004348]  vm_mmap_pgoff+0x8e/0x180',
  '[  142.009523]  </TASK>',
  '[  142.010000] task:kworker/0:1 state:D stack:0     pid:9    tgid:9',
];

describe('a guest that answers over SSH', () => {
  test('a task that sleeps uninterruptibly in both looks: the kernel hangs, where its stack says', () => {
    const tasks = looks(task(71, 'D', 1, 2, ...IN_MMAP), task(71, 'D', 1, 2, ...IN_MMAP));
    expect(judge({ ...FOUND, tasks, answers: true })).toMatchObject({
      by: 'kernel',
      text: 'no result 37 s after it began: the kernel does not let go of it',
      fault: { class: 'hung-task', title: 'task hung in vm_mmap_pgoff', task: 'mmapvet-probes/71' },
    });
  });

  test("the kernel's own words are kept where it said them", () => {
    const tasks = looks(task(71, 'D', 1, 2), task(71, 'D', 1, 2));
    const { fault } = judge({ ...FOUND, tasks, answers: true, dump: BLOCKED });
    expect(fault?.title).toBe('task hung in vm_mmap_pgoff');
    expect(fault?.lines).toHaveLength(7);
    expect(fault?.lines.join('\n')).not.toContain('kworker');
  });

  test.each([
    ['sleeps as any program does', task(71, 'S', 1, 2), task(71, 'S', 1, 2)],
    ['runs in user space', task(71, 'R', 1, 2), task(71, 'R', 70, 2)],
    ['was in the kernel for a moment', task(71, 'D', 1, 2), task(71, 'R', 1, 3)],
    ['is another one by now', task(71, 'D', 1, 2), task(72, 'D', 1, 2)],
    ['is gone', task(71, 'D', 1, 2), ''],
  ])('a task that %s: the probe hangs', (_, first, second) => {
    const hang = judge({ ...FOUND, tasks: looks(first, second), answers: true });
    expect(hang).toMatchObject({ by: 'probe', fault: null });
  });

  test('a task that was killed in vain and runs in the kernel only: the kernel hangs', () => {
    const tasks = looks(task(71, 'R', 1, 2), task(71, 'R', 1, 70));
    const late = { ...LATE, unkillable: true };
    expect(judge({ ...FOUND, late, tasks, answers: true }).by).toBe('kernel');
    expect(judge({ ...FOUND, tasks, answers: true }).by).toBe('probe');
  });

  test('a task that waits in our own driver is not blamed on the kernel', () => {
    const stack = ['__mutex_lock+0x1/0x2', 'mv_reset+0x10/0x20 [mmapvet]', 'do_syscall_64+0x6f/0x380'];
    const tasks = looks(task(71, 'D', 1, 2, ...stack), task(71, 'D', 1, 2, ...stack));
    expect(judge({ ...FOUND, tasks, answers: true })).toMatchObject({ by: 'probe', fault: null });
  });
});

describe('a guest that does not answer over SSH', () => {
  test('process 1 answers, no task is held: only the line is lost', () => {
    expect(judge({ ...FOUND, answers: true, dump: ['[ 1.0] sysrq: Show Blocked State'] })).toMatchObject({
      by: 'line',
      fault: null,
    });
  });

  test('process 1 answers, a probe is held: the kernel', () => {
    expect(judge({ ...FOUND, answers: true, dump: BLOCKED })).toMatchObject({
      by: 'kernel',
      fault: { class: 'hung-task', title: 'task hung in vm_mmap_pgoff' },
    });
  });

  test('only the kernel answers, on the serial console: user space does not run', () => {
    expect(judge({ ...FOUND, dump: BLOCKED }).fault).toMatchObject({ class: 'lockup' });
  });

  test('nothing but QEMU answers: no interrupts', () => {
    const hang = judge({ ...FOUND, registers: 'CPU#0\r\nRIP=ffffffff81000000 CPL=0\r\n' });
    expect(hang).toMatchObject({ by: 'kernel', fault: { class: 'lockup', title: 'no processor takes interrupts' } });
    expect(hang.fault?.lines).toContain('RIP=ffffffff81000000 CPL=0');
  });

  test("QEMU does not answer either: not the kernel's", () => {
    expect(judge(FOUND)).toMatchObject({ by: 'host', fault: null });
  });
});

test('what the guest says of its tasks is bounded and harmless', () => {
  const tasks = readTasks(
    `${task(1, 'D', 1, 2)}\n`.repeat(10_000) + `stack [<0>] \u001b[2Jevil+0x1/0x2\n`.repeat(100) + 'task x'.repeat(1e6),
  );
  expect(tasks.first.length).toBeLessThanOrEqual(500);
  const stacks = tasks.first.flatMap(({ stack }) => stack);
  expect(stacks.length).toBeLessThanOrEqual(40);
  expect(stacks.join('')).not.toContain('\u001b');
});
