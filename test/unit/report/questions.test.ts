import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../../harness/contract/catalogue.ts';
import { comparisonReport } from '../../../harness/report/compare/report.ts';
import { questionReporters } from '../../../harness/report/question.ts';
import { seriesReport } from '../../../harness/report/series/report.ts';
import { readQuestion } from '../../../harness/report/stored-question.ts';
import { ComparisonDocument } from '../../../harness/results/comparison.ts';
import { SeriesDocument } from '../../../harness/results/series.ts';
import { expectGolden } from '../../fixtures/golden.ts';
import { COMPARISON, SERIES } from '../../fixtures/questions.ts';

function written(report: (options: Parameters<typeof comparisonReport>[2]) => void): string {
  let text = '';
  const write = (more: string): void => void (text += more);
  report({
    screen: { style: (_, each) => each, out: write, columns: 120 },
    write,
    catalogue: CATALOGUE,
    home: '/home/dev',
    folder: '/home/dev/.local/state/mmapvet/runs/one',
  });
  return text;
}

describe('goldens', () => {
  test.each(['list', 'json', 'html'] as const)('compare as %s', (name) => {
    const text = written((options) => comparisonReport(COMPARISON, [{ name, file: null }], options));
    expect(text).not.toContain('\u001b');
    if (name === 'html') expect(text).not.toMatch(/<b>gone|<script>alert/);
    else expectGolden(text, `report/questions/compare.${name === 'list' ? 'txt' : name}`);
  });
  test.each(['list', 'json', 'html'] as const)('series as %s', (name) => {
    const text = written((options) => seriesReport(SERIES, [{ name, file: null }], options));
    if (name === 'html') expect(text.match(/<script/g)).toHaveLength(1);
    else expectGolden(text, `report/questions/series.${name === 'list' ? 'txt' : name}`);
  });
});

test('the documents fit their schemas', () => {
  expect(ComparisonDocument.parse(COMPARISON)).toEqual(COMPARISON);
  expect(SeriesDocument.parse(SERIES)).toEqual(SERIES);
});

test('a question takes list, json and html', () => {
  expect(questionReporters({ json: true })).toEqual([{ name: 'json', file: null }]);
  expect(questionReporters({ reporter: ['list,html=x.html'] }).map(({ name }) => name)).toEqual(['list', 'html']);
  expect(() => questionReporters({ reporter: ['junit=x.xml'] })).toThrow(
    expect.objectContaining({ code: 'REPORTER_FIT' }),
  );
});

test('a stored question is read again; one of a newer version or a damaged one is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-question-'));
  try {
    expect(readQuestion(folder)).toBeNull();
    const file = join(folder, 'compare.json');
    await writeFile(file, JSON.stringify(COMPARISON));
    const again = written((options) => readQuestion(folder)?.([{ name: 'list', file: null }], options));
    expect(again).toBe(written((options) => comparisonReport(COMPARISON, [{ name: 'list', file: null }], options)));
    await writeFile(file, JSON.stringify({ ...COMPARISON, version: 2 }));
    expect(() => readQuestion(folder)).toThrow(expect.objectContaining({ code: 'DOCUMENT_NEWER' }));
    await writeFile(file, JSON.stringify({ ...COMPARISON, cells: 1 }));
    expect(() => readQuestion(folder)).toThrow(/damaged at "cells"/);
    await writeFile(file, 'no');
    expect(() => readQuestion(folder)).toThrow(expect.objectContaining({ code: 'DOCUMENT_BAD' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
