/**
 * A guest that is late is asked whether it lives: over SSH, then by process 1 past the network, then the bare kernel over
 * the serial console. What answers, and what the tasks of the probes were found doing, tells a probe that hangs from a
 * kernel that does and from trouble of ours. Everything that was found is kept before the guest is ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost } from '../core/countdown.ts';
import type { Fault } from '../core/events.ts';
import type { Guest } from '../machine/guest.ts';
import { hangFault, type HangKind } from '../probe/hang-fault.ts';
import { readTasks, stuckTasks, type Looks } from '../probe/tasks.ts';
import { plainName } from '../probe/frames.ts';
import { isInnocent } from '../probe/guilty.ts';
import { harmless, harmlessText } from '../probe/untrusted.ts';
import type { SshConnection } from '../ssh/connection.ts';
import type { Pace } from './pace.ts';
import type { Late } from './watchdog.ts';

export interface Hang {
  /** Whose doing it is. `line`: the guest lives, only SSH does not answer; `host`: QEMU does not answer. */
  readonly by: 'kernel' | 'probe' | 'line' | 'host';
  /** A sentence without a full stop. */
  readonly text: string;
  /** For a kernel that hangs. */
  readonly fault: Fault | null;
  /** What was found, by file name, for the evidence. */
  readonly files: ReadonlyMap<string, string>;
}

/** On the reference host; with the probes' own seven seconds to end they stay below the fifteen that a verdict may take. */
const ASK_MS = 3000;
const DUMP_MS = 2000;

/** Blocked tasks, locks, memory, backtraces of all processors: Documentation/admin-guide/sysrq.rst. */
const SYSRQ_KEYS = ['w', 'd', 'm', 'l'] as const;

const PROBE_COMM = 'mmapvet-probes';

/**
 * Two looks at the probes' tasks with time for something to happen in between. Builtins only: forks are slow. Not pidof: it
 * reads command lines, for which it would wait for the mmap lock that a hung probe holds.
 */
const LOOK = `for p in /proc/[0-9]*; do c=; read -r c < $p/comm; [ "$c" = ${PROBE_COMM} ] || continue; for t in $p/task/*; do read -r s < $t/stat; echo "task $s"; while read -r f; do echo "stack $f"; done < $t/stack; done; done`;
const ASK = [LOOK, 'usleep 700000', 'echo again', LOOK, 'echo alive'].join('; ');
const DUMP = `for k in ${SYSRQ_KEYS.join(' ')}; do echo $k > /proc/sysrq-trigger; done`;

const MAX_DUMP_LINES = 4000;
const MAX_REGISTERS = 64 * 1024;

export async function examine(guest: Guest, connection: SshConnection, late: Late, pace: Pace): Promise<Hang> {
  const from = guest.console.total;
  const alive = guest.answers(pace.stretch(ASK_MS));
  const asked = await askOverSsh(connection, pace);
  const answers = asked !== null || (await alive);
  if (asked === null) await breakIn(guest);
  const [dump, registers] = await Promise.all([dumpSince(guest, from, pace), registersOf(guest, pace)]);
  const files = new Map(
    Object.entries({
      'sysrq.txt': dump.join('\n'),
      'registers.txt': registers ?? '',
      'tasks.txt': asked ?? '',
    }).filter(([, text]) => text !== ''),
  );
  return { ...judge({ late, tasks: asked === null ? null : readTasks(asked), answers, dump, registers }), files };
}

interface Found {
  readonly late: Late;
  /** null: SSH did not answer. */
  readonly tasks: Looks | null;
  /** User space answers, over SSH or past it. */
  readonly answers: boolean;
  /** What the kernel printed when it was asked with sysrq. */
  readonly dump: readonly string[];
  /** null: QEMU did not answer. */
  readonly registers: string | null;
}

/** Pure: the same findings give the same answer. */
export function judge({ late, tasks, answers, dump, registers }: Found): Omit<Hang, 'files'> {
  const ours = (by: Exclude<Hang['by'], 'kernel'>, text: string): Omit<Hang, 'files'> => ({
    by,
    text: `${late.text}${text}`,
    fault: null,
  });
  const kernel = (text: string, hang: HangKind): Omit<Hang, 'files'> => ({
    by: 'kernel',
    text: `${late.text}: ${text}`,
    fault: hangFault(hang, dump),
  });
  if (tasks !== null) {
    const [task] = stuckTasks(tasks, late.unkillable);
    if (task === undefined) return ours('probe', ', but the kernel answers and holds none of its tasks');
    const held = task.stack.find((frame) => !isWaiting(frame)) ?? '';
    if (held.endsWith(OUR_MODULE)) return ours('probe', `: it waits in our own driver, in ${held}`);
    return kernel('the kernel does not let go of it', { kind: 'task', task });
  }
  if (answers) {
    const blocked = dump.some((line) => line.includes(`task:${PROBE_COMM} `) && line.includes('state:D'));
    if (blocked) return kernel('the kernel holds a task of it', { kind: 'task', task: null });
    return ours('line', ': the guest lives, but its SSH connection was lost');
  }
  if (dump.length > 0) return kernel('user space does not run any more', { kind: 'user-space' });
  if (registers === null) return ours('host', ', and QEMU does not answer');
  return kernel('no processor takes interrupts any more', { kind: 'interrupts', registers });
}

const OUR_MODULE = ' [mmapvet]';

/** Scheduler and locks: who waits is further out. */
const isWaiting = (frame: string): boolean => isInnocent(plainName(frame.split('+', 1)[0] ?? ''), 'hung-task');

/** @returns null where no whole answer came in time */
async function askOverSsh(connection: SshConnection, pace: Pace): Promise<string | null> {
  const { stdout } = await connection.exec({ command: ASK, timeoutMs: pace.stretch(ASK_MS) });
  if (!stdout.endsWith('alive\n')) return null;
  // Its answer is on the console.
  void connection.exec({ command: DUMP, timeoutMs: pace.stretch(DUMP_MS) });
  return harmlessText(stdout);
}

async function breakIn(guest: Guest): Promise<void> {
  for (const key of SYSRQ_KEYS) {
    await Promise.race([guest.sysrq(key).catch(() => {}), sleep(500)]);
    await sleep(100);
  }
}

/** Waits until the console is quiet after a dump, or has shown that none comes. */
async function dumpSince(guest: Guest, from: number, pace: Pace): Promise<readonly string[]> {
  const quietMs = pace.stretch(300);
  for (let seen = -1, looks = pace.stretch(DUMP_MS) / quietMs; looks > 0; looks -= 1) {
    const said = guest.console.total;
    if (said === seen && said > from) break;
    seen = said;
    await Promise.race([guest.exited, sleep(quietMs)]);
  }
  const lines = guest.console.linesAfter(from).slice(-MAX_DUMP_LINES);
  const start = lines.findIndex((line) => line.includes('sysrq: '));
  return start < 0 ? [] : lines.slice(start).map((line) => harmless(line));
}

async function registersOf(guest: Guest, pace: Pace): Promise<string | null> {
  const asked = guest.qmp('human-monitor-command', { 'command-line': 'info registers -a' }).catch(() => null);
  const answer = await atMost(asked, pace.stretch(1000), null);
  return typeof answer === 'string' ? answer.slice(0, MAX_REGISTERS) : null;
}
