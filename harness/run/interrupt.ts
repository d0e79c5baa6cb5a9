/**
 * The first Ctrl+C (or SIGTERM, or a closed terminal) unwinds: what is decided is stored, guests end. The second ends
 * the process at once; children are then killed by the kernel (core/exec.ts).
 */
import { EXIT } from '../core/outcome.ts';
import type { Screen } from '../core/screen.ts';

export class Interrupted extends Error {
  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** npm and terminals may deliver one Ctrl+C twice: a second one counts only after this long. */
const SAME_PRESS_MS = 500;

/** @param quit ends the process at once */
export function interruptible(
  screen: Screen,
  quit: (code: number) => never,
): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  let first = 0;
  const handler = (name: NodeJS.Signals): void => {
    if (first === 0) {
      first = performance.now();
      screen.err(`\n${name}: ending guests, keeping what is decided; once more to stop at once\n`);
      controller.abort(new Interrupted(name));
    } else if (performance.now() - first > SAME_PRESS_MS) {
      quit(EXIT.interrupted);
    }
  };
  for (const name of SIGNALS) process.on(name, handler);
  return { signal: controller.signal, dispose: () => SIGNALS.forEach((name) => process.off(name, handler)) };
}
