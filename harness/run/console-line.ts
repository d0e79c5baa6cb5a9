/** Waiting for a line on the console, which lags behind the guest. */
import { Countdown } from '../core/countdown.ts';
import type { Guest } from '../machine/guest.ts';

/** The next line of the kernel log reaches the console within this time. */
export const CONSOLE_LAG_MS = 5000;
/** A console that is flooded is read up for so long at most. */
const CONSOLE_BEHIND_MS = 60_000;

/** Waits for a line on the console. @returns whether it came */
export async function sawLine(guest: Guest, text: string, lagMs: number): Promise<boolean> {
  const seen = (line: string): boolean => line.endsWith(text);
  if (guest.console.lines().findLast(seen) !== undefined) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const last = performance.now() + CONSOLE_BEHIND_MS;
  using countdown = new Countdown(lagMs);
  void countdown.over.then(() => resolve(false));
  const unsubscribe = guest.console.subscribe((line) => {
    if (seen(line)) resolve(true);
    else if (performance.now() < last) countdown.restart(lagMs);
  });
  void guest.exited.then(() => resolve(false));
  try {
    return await promise;
  } finally {
    unsubscribe();
  }
}
