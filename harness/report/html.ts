/** The run as one page that opens from a disk: nothing is loaded from anywhere. Made when the run has ended. */
import type { Event } from '../core/events.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';

export function createHtmlReporter(sink: Sink, options: ReportOptions): Reporter {
  const events: Event[] = [];
  return {
    onEvent(event) {
      if (event.kind !== 'stage-progress') events.push(event);
    },
    async finish() {
      const { renderRunPage } = await import('./html/run-page.ts');
      sink.write(renderRunPage(events, options));
    },
  };
}
