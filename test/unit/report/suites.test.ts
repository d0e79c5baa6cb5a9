/** The test cases of the kernel's own tests in each format. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { createKtapParser, type KtapItem } from '../../../harness/probe/ktap.ts';
import { buildResults } from '../../../harness/results/results.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { cell } from '../../fixtures/events/stream.ts';
import { render } from '../../fixtures/render.ts';

const ID = { clause: 'selftests-mm', path: 'merge', target: 'x86_64', profile: 'base' };
const CASES = [
  { name: 'merge.one', outcome: 'pass', reason: '' },
  { name: 'merge.two # <x>', outcome: 'fail', reason: 'merge.c:9' },
  { name: 'merge.three', outcome: 'not-applicable', reason: 'no userfaultfd' },
  { name: 'merge.one', outcome: 'pass', reason: '' },
] as const;

/** A run of one program of a suite, beside what there is. */
const events: Event[] = (SCENARIOS['pass']?.() ?? []).flatMap((event): Event[] => {
  if (event.kind === 'run-start') return [{ ...event, cells: [...event.cells, ID] }];
  if (event.kind !== 'run-end') return [event];
  const verdict = cell(ID, { outcome: 'fail', reason: '1 of 4 cases failed: merge.two', cases: [...CASES] });
  return [{ kind: 'cell', at: event.at, cell: verdict }, event];
});

describe('a program of the kernel', () => {
  it('is a block of its own in KTAP, which any reader takes', async () => {
    const items: KtapItem[] = [];
    const parser = createKtapParser((item) => items.push(item));
    parser.push(await render(events, 'ktap'));
    parser.end();
    expect(items.filter(({ kind }) => kind === 'problem')).toEqual([]);
    const results = items.flatMap((item) => (item.kind === 'result' && item.depth === 2 ? [item] : []));
    expect(results.map(({ ok, directive }) => [ok, directive?.kind ?? ''])).toEqual([
      [true, ''],
      [false, ''],
      [true, 'SKIP'],
      [true, ''],
    ]);
  });

  it('has a case for each of its own in JUnit, no two of one name', async () => {
    const text = await render(events, 'xml');
    const names = [...text.matchAll(/<testcase [^>]*name="(selftests-mm merge[^"]*)"/g)].map(([, name]) => name);
    expect(names).toHaveLength(5);
    expect(new Set(names).size).toBe(5);
    expect(text).toMatch(/name="selftests-mm merge merge\.two # &lt;x[^"]*"[^>]*>\s*<failure/);
  });

  it('has a test for each in KCIDB, below its own', async () => {
    const { tests } = JSON.parse(await render(events, 'kcidb.json')) as {
      tests: { id: string; path: string; status: string }[];
    };
    const mine = tests.filter(({ path }) => path.startsWith('mmapvet.selftests-mm'));
    expect(mine.map(({ path, status }) => [path, status])).toEqual([
      ['mmapvet.selftests-mm.merge', 'FAIL'],
      ['mmapvet.selftests-mm.merge.merge_one', 'PASS'],
      ['mmapvet.selftests-mm.merge.merge_two_x_', 'FAIL'],
      ['mmapvet.selftests-mm.merge.merge_three', 'SKIP'],
      ['mmapvet.selftests-mm.merge.merge_one', 'PASS'],
    ]);
    expect(new Set(tests.map(({ id }) => id)).size).toBe(tests.length);
  });

  it('is a group in the list, and is run again by its name', async () => {
    const text = await render(events, 'txt');
    expect(text).toMatch(/selftests-mm +1 ✗/);
    expect(text).toContain('--target x86_64 --group selftests-mm.merge');
    expect(text).toContain("The kernel's own selftest of merging VMAs");
  });

  it('keeps its cases in results.json, and is one cell there', () => {
    const results = buildResults(events);
    expect(results.cells.find(({ clause }) => clause === 'selftests-mm')?.cases).toEqual(CASES);
    expect(results.counts.fail).toBe(1);
  });
});
