import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Cell, Event } from '../../../harness/core/events.ts';
import { createHtmlReporter } from '../../../harness/report/html.ts';
import { renderHistoryPage } from '../../../harness/report/history/page.ts';
import { openHistory } from '../../../harness/results/history/open.ts';
import { recordRun } from '../../../harness/results/history/record.ts';
import { launchBrowser, openPage, poorText } from '../../fixtures/browser.ts';
import { CATALOGUE, fullRun } from '../../fixtures/events/full-run.ts';
import { WARNING } from '../../fixtures/events/stream.ts';
import { syntheticRun } from '../../fixtures/history.ts';

/* The page as a person has it: opened from a disk in a real browser. */

const browser: Browser | null = await launchBrowser();
afterAll(() => browser?.close());
if (browser === null) console.log('SKIPPED tests of the HTML page: install the package chromium');

const EVIL = `</script><script>window.evil=1</script><img src=x onerror="window.evil=1">"'\u202egnp.exe\u202c\u001b[2J\u0007`;

/** One of each kind among hundreds that passed. */
function change(cell: Cell): Partial<Cell> {
  if (cell.target !== 'x86_64') return {};
  switch (`${cell.clause}.${cell.path}`) {
    case 'E02.direct':
      return {
        outcome: 'fail',
        reason: 'find_vma() finds a VMA',
        evidence: 'x86_64/E02-direct',
        observers: { driver: [{ ok: false, text: 'find_vma() finds a VMA' }], user: [{ ok: false, text: EVIL }] },
      };
    case 'E03.direct':
      return {
        outcome: 'fault',
        reason: WARNING.title,
        faults: [{ ...WARNING, title: EVIL, lines: [...WARNING.lines, EVIL] }],
      };
    case 'A01.direct':
      return { outcome: 'error', reason: EVIL, log: [EVIL, `type=${EVIL} start=0x1000 end=0x2000`] };
    case 'A02.direct':
      return { outcome: 'vacuous', reason: 'the driver counted no "mapped" event' };
    case 'A03.direct':
      return { outcome: 'flaky', reason: '2 of 3', repeats: [{ outcome: 'fail', reason: EVIL }] };
    case 'A04.direct':
      return { outcome: 'changed', reason: 'recorded: x1; seen: x0' };
    case 'A05.direct':
      return { outcome: 'known', reason: 'until 7.4' };
    case 'A06.direct':
      return { outcome: 'not-applicable', reason: 'this kernel lacks mapped' };
    default:
      return {};
  }
}

let folder: string;
let file: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mmapvet-page-'));
  mkdirSync(join(folder, 'x86_64/E02-direct'), { recursive: true });
  writeFileSync(join(folder, 'x86_64/E02-direct/console.log'), `[    4.2] mmapvet: begin E02.direct\n${EVIL}\n`);
  file = await write('run.html', fullRun(change));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function write(name: string, events: readonly Event[]): Promise<string> {
  let text = '';
  const reporter = createHtmlReporter(
    { write: (more) => void (text += more) },
    { catalogue: CATALOGUE, home: '/home/me' },
  );
  for (const event of events) reporter.onEvent(event.kind === 'run-start' ? { ...event, folder } : event);
  await reporter.finish?.();
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

let page: Page;
let troubles: string[];
let requests: string[];

async function open(path = file, hash = '', colorScheme: 'light' | 'dark' = 'light', width = 1280): Promise<void> {
  if (browser === null) return;
  ({ page, troubles, requests } = await openPage(browser, path, { hash, colorScheme, width }));
  if (path === file) await page.locator('.matrix').waitFor();
}
beforeEach(() => {
  troubles = [];
  requests = [];
});
afterEach(async () => {
  if (browser === null) return;
  await expectCalm();
  await page.close();
});

async function expectCalm(): Promise<void> {
  expect(troubles).toEqual([]);
  expect(requests.filter((url) => !url.startsWith('data:')).map((url) => url.replace(/#.*/, ''))).toHaveLength(1);
  expect(await page.evaluate('window.evil')).toBeUndefined();
}

const cell = (name: string) => page.locator(`button.cell[aria-label^="${name}:"]`);
const visibleRows = () => page.locator('tr[data-clause]:visible').count();
const focused = (): Promise<string | null> =>
  page.evaluate(`document.activeElement?.getAttribute('aria-label') ?? null`);

describe.skipIf(browser === null)('the page of a full run', () => {
  it('is small and opens at once', async () => {
    expect(statSync(file).size).toBeLessThan(2_000_000);
    await open();
    const load = await page.evaluate<number>(`performance.getEntriesByType('navigation')[0].loadEventEnd`);
    console.log(
      `page of ${await page.locator('button.cell').count()} cells: ${statSync(file).size} bytes, loaded in ${Math.round(load)} ms`,
    );
    expect(await page.locator('button.cell').count()).toBeGreaterThan(700);
    expect(await page.locator('h1').textContent()).toContain('The kernel breaks the contract in 1 cell');
  });

  it('filters by words, outcome, group and target', async () => {
    await open();
    const all = await visibleRows();
    await page.locator('#search').fill('e02 find_vma');
    expect(await visibleRows()).toBe(1);
    expect(await page.locator('#shown').textContent()).toMatch(/^1 of \d+ cells$/);
    await page.locator('#search').fill('nothing has these words');
    expect(await page.locator('#nothing').isVisible()).toBe(true);
    await page.locator('#search').fill('');
    expect(await visibleRows()).toBe(all);
    await page.locator('.chip[data-outcome="fail"]').click();
    await page.locator('.chip[data-outcome="fault"]').click();
    expect(
      await page
        .locator('tr[data-clause]:visible')
        .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-clause'))),
    ).toEqual(['E02', 'E03']);
    await page.locator('#target').selectOption('arm64');
    expect(await visibleRows()).toBe(0);
    await page.locator('.chip[data-outcome="fail"]').click();
    await page.locator('.chip[data-outcome="fault"]').click();
    await page.locator('#group').selectOption('E');
    expect(await page.locator('tbody:visible').count()).toBe(1);
    expect(await cell('E02 direct x86_64').isDisabled()).toBe(true);
  });

  it('opens a cell to all that is known of it, and closes it again', async () => {
    await open();
    await cell('E02 direct x86_64').click();
    const card = page.locator('.detail-card');
    await card.waitFor();
    expect(await card.locator('.fact-list .bad').count()).toBe(2);
    expect(await card.locator('svg.picture .bar').count()).toBeGreaterThan(0);
    expect(await card.textContent()).toContain('mmapvet run --target x86_64 --clause E02');
    expect(await card.textContent()).toContain('[    4.2] mmapvet: begin E02.direct');
    expect(await card.textContent()).toContain('x86_64/E02-direct/');
    expect(page.url()).toMatch(/#E02-direct-x86_64$/);
    await card.locator('.other').selectOption({ label: 'direct arm64 (pass)' });
    expect(await card.locator('.beside svg.picture').count()).toBe(2);
    await page.keyboard.press('Escape');
    expect(await card.count()).toBe(0);
    expect(page.url()).not.toContain('#');
    await cell('E03 direct x86_64').click();
    await card.waitFor();
    expect(await card.textContent()).toContain('remap_pfn_range_prepare+0x4c/0x90');
  });

  it('shows a picture for a cell that passed, too', async () => {
    await open();
    await cell('B01 W1 arm64').click();
    await page.locator('.detail-card').waitFor();
    expect(await page.locator('.detail-card svg.picture .event.mapped').count()).toBe(4);
  });

  it('opens at the cell that its address names, and follows its own links', async () => {
    await open(file, '#E02-direct-x86_64');
    await page.locator('.detail-card').waitFor();
    await page.locator('.entries a', { hasText: 'direct x86_64' }).first().click();
    await page.locator('.detail-card', { hasText: 'E03 direct x86_64' }).waitFor();
    expect(await page.locator('.detail-card h3').allTextContents()).toEqual(['E03 direct x86_64']);
  });

  it('is usable by keyboard alone', async () => {
    await open();
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement?.id')).toBe('search');
    await page.keyboard.type('E0');
    for (let presses = 0; presses < 30 && !(await focused())?.startsWith('E01 direct'); presses += 1)
      await page.keyboard.press('Tab');
    expect(await focused()).toMatch(/^E01 direct x86_64/);
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toMatch(/^E02 direct x86_64/);
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toMatch(/^E02 W1 x86_64/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.locator('.detail-card').waitFor();
    expect(await page.evaluate('document.activeElement?.textContent')).toBe('E02 direct x86_64');
    await page.keyboard.press('Escape');
    expect(await focused()).toMatch(/^E02 direct x86_64/);
  });

  it.each(['A01 direct x86_64', 'A03 direct x86_64', 'E02 direct x86_64', 'E03 direct x86_64'])(
    'shows what is hostile in %s as text',
    async (name) => {
      await open();
      await cell(name).click();
      const card = page.locator('.detail-card');
      await card.waitFor();
      for (const details of await card.locator('details').all())
        await details.evaluate((each) => each.setAttribute('open', ''));
      expect(await card.textContent()).toContain('<script>window.evil=1</script>');
      expect(await card.textContent()).not.toMatch(/[\u202e\u001b\u0007]/);
      expect(await page.locator('img').count()).toBe(0);
    },
  );

  it.each(['light', 'dark'] as const)('has readable colours in the %s scheme', async (scheme) => {
    await open(file, '#E02-direct-x86_64', scheme);
    await page.locator('.detail-card').waitFor();
    await page.locator('.other').selectOption({ label: 'direct arm64 (pass)' });
    const poor = await poorText(page);
    expect(poor.slice(0, 5)).toEqual([]);
  });

  it('keeps the scheme that was chosen', async () => {
    await open(file, '', 'light');
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.locator('#theme').click();
    await page.locator('#theme').click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    requests.pop();
    expect(await ground()).toBe(dark);
  });

  it('fits a narrow screen', async () => {
    await open(file, '#E02-direct-x86_64', 'light', 380);
    await page.locator('.detail-card').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(380);
  });

  it('refuses a script that is not its own', async () => {
    await open();
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.evil = 1' }))`,
    );
    expect(troubles.splice(0).join('\n')).toContain('Content Security Policy');
  });
});

describe.skipIf(browser === null)('the page of the history', () => {
  it.each(['light', 'dark'] as const)('shows the trend, readable in the %s scheme', async (scheme) => {
    using history = openHistory(join(folder, `${scheme}.sqlite`));
    for (const [index, outcome] of (['pass', 'fail', 'pass', 'error', 'flaky'] as const).entries())
      recordRun(
        history,
        syntheticRun({
          folder: `/${EVIL}${index}`,
          at: `2026-11-22T1${index}:00:00.000Z`,
          kernel: { version: EVIL },
          change: (each) => (each === 1 ? { outcome } : {}),
        }),
      );
    const path = join(folder, `history-${scheme}.html`);
    writeFileSync(path, renderHistoryPage(history, { last: 20, filter: {}, catalogue: CATALOGUE, home: '/home/me' }));
    await open(path, '', scheme);
    expect(await page.locator('h1').textContent()).toContain('1 cell is red');
    expect(await page.locator('svg.trend g').count()).toBe(5);
    expect(await page.locator('.past .tick').count()).toBe(5);
    const poor = await poorText(page);
    expect(poor.slice(0, 5)).toEqual([]);
  });
});
