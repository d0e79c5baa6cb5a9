import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../../harness/contract/catalogue.ts';
import { comparisonReport } from '../../../harness/report/compare/report.ts';
import type { ReporterName } from '../../../harness/report/parse-spec.ts';
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

const compared = (name: ReporterName): string =>
  written((options) => comparisonReport(COMPARISON, [{ name, file: null }], options));
const vetted = (name: ReporterName): string =>
  written((options) => seriesReport(SERIES, [{ name, file: null }], options));

describe('goldens', () => {
  test('compare', () => {
    expectGolden(compared('list'), 'report/questions/compare.txt');
    expectGolden(compared('json'), 'report/questions/compare.json');
  });
  test('series', () => {
    expectGolden(vetted('list'), 'report/questions/series.txt');
    expectGolden(vetted('json'), 'report/questions/series.json');
  });
});

test('no text of a kernel or patch becomes markup, or reaches the terminal', () => {
  expect(compared('list') + vetted('list')).not.toContain('\u001b');
  expect(compared('html')).not.toContain('<b>gone');
  expect(vetted('html').match(/<script/g)).toHaveLength(1);
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
