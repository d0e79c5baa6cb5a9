/**
 * The mechanics of a window at the end of a terminal that redraws only its own lines. What stands above it scrolls away
 * as ever.
 */
import { cutToWidth } from './format.ts';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after so many milliseconds; the function that it returns calls it off. */
  after(ms: number, callback: () => void): () => void;
}

/** A real clock whose timers keep no process alive. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

export interface LiveWindow {
  /** Asks for a redraw: at once if the last one is long enough ago, else as soon as it is. */
  refresh(): void;
  /** Lines that stay, above the window; they come with the next redraw. */
  print(lines: readonly string[]): void;
  /** Takes the window off the screen for good. */
  close(): void;
}

export interface LiveWindowOptions {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly clock: Clock;
  /** The window's lines as they should be now. */
  readonly render: () => readonly string[];
}

/** At most ten redraws a second; and four of them even when nothing happens, for the clocks in it. */
const REDRAW_MS = 100;
const TICK_MS = 250;
/** A window higher than the terminal can't be redrawn: the cursor stops at the top edge. */
const MAX_LINES = 12;

export function createLiveWindow({ write, columns, clock, render }: LiveWindowOptions): LiveWindow {
  let above: string[] = [];
  let height = 0;
  let drawnAt = -Infinity;
  let next: { readonly at: number; readonly cancel: () => void } | null = null;
  let closed = false;

  const toTop = (): string => (height === 0 ? '\r' : `\u001b[${height}A\r`);
  const clearedLines = (lines: readonly string[]): string => lines.map((line) => `${line}\u001b[K\n`).join('');

  function drawAt(at: number): void {
    next?.cancel();
    next = { at, cancel: clock.after(at - clock.now(), draw) };
  }

  /** One write a redraw, each line cleared as it is overwritten: no flicker. */
  function draw(): void {
    if (closed) return;
    // One column is left free: some terminals wrap when the last one is written.
    const window = render()
      .slice(0, MAX_LINES)
      .map((line) => cutToWidth(line, columns() - 1));
    write(`${toTop()}${clearedLines(above)}${clearedLines(window)}\u001b[J`);
    above = [];
    height = window.length;
    drawnAt = clock.now();
    drawAt(drawnAt + TICK_MS);
  }

  function refresh(): void {
    if (closed) return;
    const due = drawnAt + REDRAW_MS;
    if (due <= clock.now()) draw();
    else if (next === null || next.at > due) drawAt(due);
  }

  return {
    refresh,
    print(lines) {
      if (closed) {
        write(lines.map((line) => `${line}\n`).join(''));
        return;
      }
      above.push(...lines);
      refresh();
    },
    close() {
      if (closed) return;
      closed = true;
      next?.cancel();
      write(`${toTop()}${clearedLines(above)}\u001b[J`);
    },
  };
}
