import { describe, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { createJsonReporter } from '../../../harness/report/json.ts';
import { createJunitReporter } from '../../../harness/report/junit.ts';
import { createKtapReporter } from '../../../harness/report/ktap.ts';
import { createListReporter } from '../../../harness/report/list.ts';
import type { Reporter, Sink } from '../../../harness/report/reporter.ts';
import { CATALOGUE } from '../../fixtures/events/catalogue.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { expectGolden } from '../../fixtures/golden.ts';

const OPTIONS = { catalogue: CATALOGUE, home: '/home/me' };
const SCREEN = { live: false, columns: 100, style: (_style: unknown, text: string) => text };

const FORMATS: Readonly<Record<string, (sink: Sink) => Reporter>> = {
  txt: (sink) => createListReporter(sink, { ...OPTIONS, screen: SCREEN }),
  ktap: (sink) => createKtapReporter(sink, OPTIONS),
  xml: (sink) => createJunitReporter(sink, OPTIONS),
  json: (sink) => createJsonReporter(sink),
};

async function render(events: readonly Event[], create: (sink: Sink) => Reporter): Promise<string> {
  let text = '';
  const reporter = create({ write: (more) => void (text += more) });
  for (const event of events) reporter.onEvent(event);
  await reporter.finish?.();
  return text;
}

describe.each(Object.entries(SCENARIOS))('a run with "%s"', (name, scenario) => {
  it.each(Object.entries(FORMATS))('as %s', async (format, create) => {
    expectGolden(await render(scenario(), create), `report/${name}.${format}`);
  });
});
