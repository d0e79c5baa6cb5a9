/** What every reporter is: it takes the run's events, live or replayed from a stored run. */
import type { ClauseGroup } from '../contract/clause.ts';
import type { Event } from '../core/events.ts';

export interface Reporter {
  onEvent(event: Event): void;
  /** After the last event: writes what can only be written at the end. */
  finish?(): Promise<void> | void;
  /** A line for a person that belongs to no event (`-v`): shown without breaking up what is on the screen. */
  log?(line: string): void;
}

/** Where a reporter's text goes: the terminal, or a file that is written whole at the end. */
export interface Sink {
  write(text: string): void;
}

export interface ReportOptions {
  /** For titles, places in the source and red controls; a clause that is not in it is still reported. */
  readonly catalogue: readonly ClauseGroup[];
  /** Shown as `~`. */
  readonly home: string;
  /** Variables that some reporters take settings from; none in most tests. */
  readonly env?: NodeJS.ProcessEnv;
}
