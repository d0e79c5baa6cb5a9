/**
 * What the tasks of a guest's probes were found doing, in two looks a moment apart: proc(5) of each, as the shell line in
 * run/hang.ts prints it. The text is the guest's.
 */
import { harmless } from './untrusted.ts';

export interface Task {
  readonly pid: number;
  readonly comm: string;
  /** `S`, `D`, `R` … */
  readonly state: string;
  /** In clock ticks. */
  readonly userTicks: number;
  readonly kernelTicks: number;
  /** Innermost first, `vm_mmap_pgoff+0x8e/0x180`, with `[module]` where it is in one; empty for one that runs. */
  readonly stack: readonly string[];
}

export interface Looks {
  readonly first: readonly Task[];
  readonly second: readonly Task[];
}

const TASK = /^task (\d{1,9}) \((.{1,32})\) ([A-Za-z])((?: -?\d+){12,60})/;
const STACK = /^stack (?:\[<[\da-f]+>\] )?([\w.]+\+0x[\da-f]+\/0x[\da-f]+(?: \[\w+\])?)$/;

const MAX_TASKS = 500;
const MAX_STACK = 40;

export function readTasks(text: string): Looks {
  const looks: Record<'first' | 'second', (Task & { readonly stack: string[] })[]> = { first: [], second: [] };
  let current = looks.first;
  for (const raw of text.split('\n')) {
    const line = harmless(raw);
    if (line === 'again') current = looks.second;
    const task = TASK.exec(line);
    // The state is the third field, utime and stime are the 14th and 15th.
    const fields = (task?.[4] ?? '').trim().split(' ').map(Number);
    if (task !== null && current.length < MAX_TASKS)
      current.push({
        pid: Number(task[1]),
        comm: task[2] ?? '',
        state: task[3] ?? '',
        userTicks: fields[10] ?? 0,
        kernelTicks: fields[11] ?? 0,
        stack: [],
      });
    const frame = STACK.exec(line)?.[1];
    const last = current.at(-1)?.stack;
    if (frame !== undefined && last !== undefined && last.length < MAX_STACK) last.push(frame);
  }
  return looks;
}

/**
 * The tasks that the kernel does not let go of: they slept uninterruptibly in both looks, or, where they were killed in
 * vain before, ran in the kernel and nowhere else.
 */
export function stuckTasks({ first, second }: Looks, killed: boolean): readonly Task[] {
  return second.filter((now) => {
    const before = first.find((each) => each.pid === now.pid);
    if (before === undefined) return false;
    if (before.state === 'D' && now.state === 'D') return true;
    const spins = now.userTicks === before.userTicks && now.kernelTicks > before.kernelTicks;
    return killed && before.state === 'R' && now.state === 'R' && spins;
  });
}
