/** `results.json` as a reporter: to a file, or to stdout for `--json`, with nothing beside it. */
import type { Event } from '../core/events.ts';
import { buildResults } from '../results/results.ts';
import type { Reporter, Sink } from './reporter.ts';

export function createJsonReporter(sink: Sink): Reporter {
  const events: Event[] = [];
  return {
    onEvent(event) {
      // Progress makes up most of a stream and none of its results.
      if (event.kind !== 'stage-progress') events.push(event);
    },
    finish: () => sink.write(`${JSON.stringify(buildResults(events), null, 2)}\n`),
  };
}
