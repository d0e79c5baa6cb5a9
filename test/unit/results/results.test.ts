import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { buildResults, Results, resultsJsonSchema } from '../../../harness/results/results.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';

const SCHEMA_FILE = join(import.meta.dirname, '../../../docs/results.schema.json');

describe('buildResults', () => {
  it.each(Object.entries(SCENARIOS))('of "%s" fits the schema', (_name, scenario) => {
    expect(() => Results.parse(buildResults(scenario()))).not.toThrow();
  });

  it('counts what the run counted', () => {
    const events = SCENARIOS['mixed']?.() ?? [];
    const end = events.at(-1);
    const results = buildResults(events);
    expect(end?.kind === 'run-end' ? end.counts : null).toEqual(results.counts);
    expect(results).toMatchObject({
      exitCode: 1,
      undecided: 0,
      targets: [{ name: 'x86_64', accel: 'tcg' }, { name: 'arm64' }],
    });
  });

  it('says that a killed run did not end', () => {
    expect(buildResults(SCENARIOS['killed']?.() ?? [])).toMatchObject({
      exitCode: null,
      undecided: 16,
      interrupted: false,
    });
  });

  it('lets the last of two verdicts on one cell count', () => {
    const events = SCENARIOS['fail']?.() ?? [];
    const verdict = events.findLast((event) => event.kind === 'cell');
    if (verdict?.kind !== 'cell') throw new Error('the scenario has no verdict');
    const again = { ...verdict, cell: { ...verdict.cell, outcome: 'flaky' as const } };
    const results = buildResults([...events, again]);
    expect(results.counts).toMatchObject({ fail: 0, flaky: 1 });
    expect(results.cells).toHaveLength(2);
  });

  it('lists cells as they were planned, whichever guest was the first', () => {
    const events = SCENARIOS['mixed']?.() ?? [];
    const verdicts = events.filter((event) => event.kind === 'cell').toReversed();
    let next = 0;
    const reversed = events.map((event) => (event.kind === 'cell' ? verdicts[next++]! : event));
    const idsOf = (results: Results): string[] =>
      results.cells.map((cell) => `${cell.clause}.${cell.path} ${cell.target}`);
    expect(verdicts.length).toBeGreaterThan(2);
    expect(idsOf(buildResults(reversed))).toEqual(idsOf(buildResults(events)));
  });

  it('makes something of an empty stream', () => {
    expect(buildResults([])).toMatchObject({ at: null, cells: [], kernel: null, exitCode: null });
  });
});

it('docs/results.schema.json is up to date (UPDATE_GOLDEN=1 rewrites it)', async () => {
  const text = await format(JSON.stringify(resultsJsonSchema()), { parser: 'json', printWidth: 120 });
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(SCHEMA_FILE, text);
  expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(text);
});
