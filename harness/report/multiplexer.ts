/** Hands each event to every reporter. One that throws is dropped and named at the end; the others go on. */
import type { Event } from '../core/events.ts';

import type { Reporter } from './reporter.ts';

export interface NamedReporter {
  readonly name: string;
  readonly reporter: Reporter;
}

export interface ReporterFailure {
  readonly name: string;
  readonly error: unknown;
}

export interface Multiplexer {
  onEvent(event: Event): void;
  /** A line for a person (`-v`), to the reporters that show such lines; false where none does. */
  log(line: string): boolean;
  /** Ends all reporters and says which ones failed, now or before. */
  finish(): Promise<readonly ReporterFailure[]>;
}

export function createMultiplexer(reporters: readonly NamedReporter[]): Multiplexer {
  const failures: ReporterFailure[] = [];
  let working = [...reporters];

  function drop(failed: NamedReporter, error: unknown): void {
    failures.push({ name: failed.name, error });
    working = working.filter((named) => named !== failed);
  }

  function each(act: (reporter: Reporter) => void): void {
    for (const named of working) {
      try {
        act(named.reporter);
      } catch (error) {
        drop(named, error);
      }
    }
  }

  return {
    onEvent: (event) => each((reporter) => reporter.onEvent(event)),
    log(line) {
      let taken = false;
      each((reporter) => {
        if (reporter.log === undefined) return;
        reporter.log(line);
        taken = true;
      });
      return taken;
    },
    async finish() {
      for (const named of working) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- in order: the list's summary is not to be cut in two
          await named.reporter.finish?.();
        } catch (error) {
          drop(named, error);
        }
      }
      return failures;
    },
  };
}
