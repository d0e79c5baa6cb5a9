import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../../../harness/core/outcome.ts';
import { renderRunPage } from '../../../../harness/report/html/run-page.ts';
import type { PageData, PageDetails } from '../../../../harness/report/html/shared/page-data.ts';
import { CATALOGUE } from '../../../fixtures/events/catalogue.ts';
import { OUTCOME_SCENARIOS, SCENARIOS } from '../../../fixtures/events/scenarios.ts';
import { WARNING } from '../../../fixtures/events/stream.ts';
import { pageFault } from '../../../../harness/report/html/run-data.ts';

const page = (scenario: string): string =>
  renderRunPage(SCENARIOS[scenario]?.() ?? [], { catalogue: CATALOGUE, home: '/home/me' });

const elementText = (html: string, id: string): string =>
  new RegExp(`<script type="[^"]*" id="${id}">([^<]*)</script>`).exec(html)?.[1] ?? '';
const dataOf = (html: string): PageData => JSON.parse(elementText(html, 'run')) as PageData;
const detailsOf = (html: string): PageDetails =>
  JSON.parse(gunzipSync(Buffer.from(elementText(html, 'details'), 'base64')).toString()) as PageDetails;

describe.each(Object.keys(SCENARIOS))('the page of a run with "%s"', (scenario) => {
  it('is one whole document that asks for nothing', () => {
    const html = page(scenario);
    expect(html).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    expect(html).toContain('default-src &#39;none&#39;');
    // What the browser would fetch; addresses in text are harmless.
    expect(html).not.toMatch(/(?:src|href)="(?!#|data:)/);
    expect(html.match(/<script type="module">/g)).toHaveLength(1);
  });

  it('has every planned cell, decided or not', () => {
    const { cells } = dataOf(page(scenario));
    const planned = SCENARIOS[scenario]?.().flatMap((event) => (event.kind === 'run-start' ? event.cells : [])) ?? [];
    expect(cells).toHaveLength(planned.length);
    expect(detailsOf(page(scenario)).cells).toHaveLength(planned.length);
  });
});

describe('renderRunPage', () => {
  it.each(OUTCOMES)('keeps the outcome "%s" and its reason', (outcome) => {
    const data = dataOf(renderRunPage(OUTCOME_SCENARIOS[outcome](), { catalogue: CATALOGUE, home: '' }));
    const row = data.cells.find(([clause]) => data.clauses[clause]?.id === 'E02');
    expect(data.outcomes[row?.[3] ?? -1]?.name).toBe(outcome);
  });

  it('shows hostile text as text', () => {
    const html = page('hostile');
    expect(html).not.toMatch(/<b>&|<b>"/);
    expect(html).not.toMatch(/[\u0000-\u0008\u001b\u202a-\u202e]/);
    expect(JSON.stringify(detailsOf(html))).not.toMatch(/\\u001b|\\u0007/);
  });

  it('says that a run was killed, and what a target without a verdict broke on', () => {
    expect(page('killed')).toContain('The run did not end: it was killed.');
    expect(page('build-failed')).toContain('The kernel does not build');
    expect(page('boot-fault')).toContain('WARNING in remap_pfn_range_prepare');
  });

  it('makes a page of no events at all', () => {
    expect(renderRunPage([], { catalogue: CATALOGUE, home: '' })).toContain('</html>');
  });
});

describe('pageFault', () => {
  it('shows frames where symbols were looked up', () => {
    const frames = [
      { function: 'mmap_action_finish', file: 'mm/util.c', line: 123, inlined: true },
      { function: '__mmap_region', file: null, line: null, inlined: false },
    ];
    const fault = Object.assign({}, WARNING, { frames, function: 'mmap_action_finish', fingerprint: 'ab12' });
    expect(pageFault(fault)).toMatchObject({
      frames: ['mmap_action_finish  mm/util.c:123  inlined', '__mmap_region'],
      guilty: 'mmap_action_finish',
      fingerprint: 'ab12',
    });
    expect(pageFault(WARNING).frames).toEqual([]);
  });
});
