/**
 * Tells that a guest stood still, or may have: its QEMU was stopped, or we were (Ctrl+Z stops both, a suspended laptop all
 * there is). Its clock went on meanwhile, so its kernel finds processors and tasks that did not run for that long, and says
 * so. That is nobody's fault but ours.
 */
import { readFileSync } from 'node:fs';

const TICK_MS = 1000;
/**
 * We run again after so long. The quickest of a kernel's watchdogs, that of soft lockups, allows 20 s; a host that gives us
 * nothing to run with for so long gives its guests nothing either.
 */
const GAP_MS = 15_000;
/** QEMU is found stopped so often in a row; a tracer stops it for a moment only. */
const LOOKS = 2;

interface Stall {
  /** A sentence without a full stop. */
  readonly text: string;
}

interface StallWatch extends Disposable {
  /** Settles at most once, never rejects. */
  readonly stalled: Promise<Stall>;
}

/**
 * @param pid of QEMU; undefined watches ourselves only
 * @param onTick called as long as all is well
 */
export function watchStall(
  pid: number | undefined,
  onTick: () => void = () => {},
  { tickMs = TICK_MS, gapMs = GAP_MS }: { readonly tickMs?: number; readonly gapMs?: number } = {},
): StallWatch {
  const { promise: stalled, resolve } = Promise.withResolvers<Stall>();
  let last = performance.now();
  let stopped = 0;
  const timer = setInterval(() => {
    const gap = performance.now() - last - tickMs;
    last = performance.now();
    stopped = pid !== undefined && isStopped(pid) ? stopped + 1 : 0;
    if (gap > gapMs)
      resolve({ text: `mmapvet stood still for ${Math.round(gap / 1000)} s, and its guests with it, perhaps` });
    else if (stopped >= LOOKS) resolve({ text: 'QEMU was stopped (SIGSTOP)' });
    else if (stopped === 0) onTick();
  }, tickMs);
  timer.unref();
  return { stalled, [Symbol.dispose]: () => clearInterval(timer) };
}

/** proc(5): the state follows the name, which may hold blanks and parentheses. */
function isStopped(pid: number): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return line.charAt(line.lastIndexOf(')') + 2) === 'T';
  } catch {
    return false;
  }
}
