import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderComparisonPage } from '../../../harness/report/compare/page.ts';
import { renderKillsPage } from '../../../harness/report/kills/page.ts';
import { renderSeriesPage } from '../../../harness/report/series/page.ts';
import { launchBrowser, openPage, poorText, type PageLook } from '../../fixtures/browser.ts';
import { CATALOGUE, fullRun } from '../../fixtures/events/full-run.ts';
import { COMPARISON, KILLS, SERIES } from '../../fixtures/questions.ts';

/* The pages of questions about several kernels, opened from a disk in a real browser. */

const browser = await launchBrowser();
afterAll(() => browser?.close());
if (browser === null) console.log('SKIPPED tests of the pages of questions: install the package chromium');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmapvet-pages-'));
  // The two runs of the comparison, for the courses of events.
  for (const name of ['base', 'patched']) {
    mkdirSync(join(folder, name));
    const lines = fullRun().map((event) => `${JSON.stringify(event)}\n`);
    writeFileSync(join(folder, name, 'events.jsonl'), lines.join(''));
  }
  const options = { catalogue: CATALOGUE, home: '/home/dev', folder };
  writeFileSync(join(folder, 'compare.html'), renderComparisonPage(COMPARISON, options));
  writeFileSync(join(folder, 'series.html'), renderSeriesPage(SERIES, options));
  writeFileSync(join(folder, 'kills.html'), renderKillsPage(KILLS, options));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function look<T>(name: string, how: PageLook, at: (page: Opened['page']) => Promise<T>): Promise<T> {
  const { page, troubles, requests } = await openPage(browser!, join(folder, `${name}.html`), how);
  try {
    return await at(page);
  } finally {
    await page.close();
    expect(troubles).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toHaveLength(1);
  }
}
type Opened = Awaited<ReturnType<typeof openPage>>;

describe.skipIf(browser === null)('pages of questions', () => {
  describe.each(['compare', 'series', 'kills'])('%s', (name) => {
    test.each(['light', 'dark'] as const)('has readable colours in the %s scheme', async (colorScheme) => {
      const poor = await look(name, { colorScheme }, async (page) => {
        for (const details of await page.locator('details').all())
          await details.evaluate((each) => each.setAttribute('open', ''));
        return poorText(page);
      });
      expect(poor).toEqual([]);
    });

    test('fits a narrow screen', async () => {
      const width = await look(name, { width: 380 }, (page) => page.evaluate('document.documentElement.scrollWidth'));
      expect(width).toBeLessThanOrEqual(380);
    });

    test('changes its colours', async () => {
      const grounds = await look(name, {}, async (page) => {
        const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
        const light = await ground();
        await page.locator('#theme').click();
        await page.locator('#theme').click();
        return [light, await ground()];
      });
      expect(grounds[0]).not.toBe(grounds[1]);
    });
  });

  test('a comparison has both kernels beside each other', async () => {
    await look('compare', {}, async (page) => {
      expect(await page.locator('h1').textContent()).toContain('The patched kernel is worse.');
      const card = page.locator('#E02-direct-x86_64');
      expect(await card.locator('.past').count()).toBe(2);
      expect(await card.locator('svg.picture').count()).toBe(2);
      expect(await card.textContent()).toContain('by chance once in 210 times');
      expect(await page.locator('.note-block, .badge', { hasText: 'gone' }).count()).toBeGreaterThan(0);
    });
  });

  test('a series has a row a patch, and what each changed', async () => {
    await look('series', {}, async (page) => {
      expect(await page.locator('table').first().locator('tbody tr').count()).toBe(SERIES.steps.length);
      expect(await page.locator('main').textContent()).toContain('mm/vma.c:1: error: no');
      expect(await page.locator('h2').allTextContents()).toContain('Patch 3: mm/util: no mapped');
    });
  });

  test('the kill matrix has a column a mutant, and names what none turns red', async () => {
    await look('kills', {}, async (page) => {
      expect(await page.locator('.kills thead th').allTextContents()).toEqual([
        'clause',
        ...KILLS.mutants.map((mutant) => mutant.name),
      ]);
      expect(await page.locator('.kills tbody tr', { hasText: 'E02' }).locator('.badge').textContent()).toContain('2');
      expect(await page.locator('details summary').first().textContent()).toBe('1 clause');
    });
  });
});
