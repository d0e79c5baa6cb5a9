import { describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { OUTCOME_SCENARIOS, SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { expectGolden } from '../../fixtures/golden.ts';
import {
  planOf,
  readDot,
  readGithub,
  readJson,
  readJunit,
  readKcidb,
  readKtap,
  readList,
  readMail,
  truthOf,
  type Reader,
} from '../../fixtures/read-back.ts';
import { FORMATS, render, type Format } from '../../fixtures/render.ts';

const READERS: Readonly<Record<Format, Reader>> = {
  txt: readList,
  dot: readDot,
  ktap: readKtap,
  xml: readJunit,
  json: readJson,
  mail: readMail,
  'github.log': readGithub,
  'kcidb.json': readKcidb,
};

describe.each(Object.entries(SCENARIOS))('a run with "%s"', (name, scenario) => {
  const formats = Object.keys(FORMATS) as Format[];

  it.each(formats)('as %s', async (format) => {
    expectGolden(await render(scenario(), format), `report/${name}.${format}`);
  });

  // The list is for a person: it says how many cells did not run, not which.
  const exact = formats.filter((format) => format !== 'txt' || name in OUTCOME_SCENARIOS);
  it.each(exact)('read back from %s', async (format) => {
    const events = scenario();
    const read = READERS[format](await render(events, format), planOf(events));
    expect(Object.fromEntries(read)).toMatchObject(Object.fromEntries(truthOf(events)));
  });
});

describe('verdicts in any order', () => {
  /** Targets and groups run side by side: only the plan has an order. */
  function reversed(): Event[] {
    const events = SCENARIOS['mixed']?.() ?? [];
    const cells = events.filter((event) => event.kind === 'cell');
    return events.map((event) => (event.kind === 'cell' ? (cells.pop() ?? event) : event));
  }

  it.each(Object.keys(FORMATS) as Format[])('are read back from %s', async (format) => {
    const events = reversed();
    const read = READERS[format](await render(events, format), planOf(events));
    expect(Object.fromEntries(read)).toMatchObject(Object.fromEntries(truthOf(events)));
  });
});
