/** A kernel that hangs without a word of its own, as a fault: what it said when it was asked. */
import { framesOf, plainName, TRACE_START } from './frames.ts';
import type { FaultClass } from './fault-classes.ts';
import { guiltyIndex } from './guilty.ts';
import { fingerprint, type WholeFault } from './splat.ts';
import type { Task } from './tasks.ts';

export type HangKind =
  /** A task can't go on, and can't be killed. */
  | { readonly kind: 'task'; readonly task: Task | null }
  /** The kernel takes interrupts; no process runs. */
  | { readonly kind: 'user-space' }
  /** Nothing runs. */
  | { readonly kind: 'interrupts'; readonly registers: string };

const MAX_LINES = 200;

const TASK_LINE = /(?:^|\] )task:(\S+)\s+state:\S.*\bpid:(\d+)/;
const CPU_LINE = /NMI backtrace for cpu \d+$/;
const TIME = /^\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])? /;

/** @param dump what the kernel printed for sysrq */
export function hangFault(hang: HangKind, dump: readonly string[]): WholeFault {
  const bare = dump.map((line) => line.replace(TIME, ''));
  switch (hang.kind) {
    case 'task': {
      const block = taskBlock(bare, hang.task?.pid ?? null);
      const stack = hang.task?.stack ?? [];
      const lines =
        block.length > 0 || stack.length === 0 ? block : ['Call Trace:', ...stack.map((frame) => ` ${frame}`)];
      const who = hang.task ?? taskIn(block);
      return toFault('hung-task', lines, who === null ? null : `${who.comm}/${who.pid}`, (at) =>
        at === '' ? 'a task of the probe hung' : `task hung in ${at}`,
      );
    }
    case 'user-space': {
      const start = bare.findIndex((line) => CPU_LINE.test(line));
      return toFault('lockup', start < 0 ? bare : bare.slice(start), null, (at) =>
        at === '' ? 'user space does not run' : `user space does not run in ${at}`,
      );
    }
    case 'interrupts':
      return toFault('lockup', hang.registers.split(/\r?\n/), null, () => 'no processor takes interrupts');
  }
}

function taskIn(block: readonly string[]): { readonly comm: string; readonly pid: number } | null {
  const match = TASK_LINE.exec(block[0] ?? '');
  return match === null ? null : { comm: match[1] ?? '', pid: Number(match[2]) };
}

/** The lines of one blocked task; of the first that is a probe's where the id is not known. */
function taskBlock(dump: readonly string[], pid: number | null): readonly string[] {
  const start = dump.findIndex((line) => {
    const match = TASK_LINE.exec(line);
    return match !== null && (pid === null ? match[1] === 'mmapvet-probes' : Number(match[2]) === pid);
  });
  if (start < 0) return [];
  const rest = dump.slice(start + 1).findIndex((line) => TASK_LINE.test(line) || line.startsWith('sysrq: '));
  return dump.slice(start, rest < 0 ? undefined : start + 1 + rest);
}

function toFault(
  kind: FaultClass,
  found: readonly string[],
  task: string | null,
  titled: (at: string) => string,
): WholeFault {
  const lines = found.slice(0, MAX_LINES);
  const frames = lines.some((line) => TRACE_START.test(line)) ? framesOf(lines, 'trace') : [];
  const guilty = frames[guiltyIndex(frames, kind)];
  const at = guilty === undefined ? '' : plainName(guilty.function);
  const title = titled(at);
  return {
    class: kind,
    title,
    lines: [...lines],
    function: at === '' ? null : at,
    cpu: null,
    task,
    frames,
    corrupted: false,
    panicked: false,
    fingerprint: fingerprint(kind, title, at),
  };
}
