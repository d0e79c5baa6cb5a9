/**
 * Where the events of a run go: stamped, stored at once, handed to the reporters, and tallied for the exit code.
 */
import type { Cell, Event, EventBody } from '../core/events.ts';
import { countOutcomes, exitCode, type Counts } from '../core/outcome.ts';

export interface Sink {
  readonly emit: (event: EventBody) => void;
  readonly cells: readonly Cell[];
  counts(): Counts;
  exitCode(strict: boolean, interrupted: boolean): number;
}

/** @param take called with each stamped event, in order */
export function createSink(take: (event: Event) => void, now: () => Date = () => new Date()): Sink {
  const cells: Cell[] = [];
  let kernelFault = false;
  let trouble = false;
  const counts = (): Counts => countOutcomes(cells.map((cell) => cell.outcome));
  return {
    emit(body) {
      const event: Event = { ...body, at: now().toISOString() };
      if (event.kind === 'cell') cells.push(event.cell);
      if (event.kind === 'kernel-fault') kernelFault = true;
      if (event.kind === 'note' && event.level === 'error') trouble = true;
      take(event);
    },
    cells,
    counts,
    exitCode: (strict, interrupted) => exitCode({ counts: counts(), kernelFault, trouble, interrupted, strict }),
  };
}
