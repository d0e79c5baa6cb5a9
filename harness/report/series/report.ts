/** A series in the formats that are asked for. */
import { resolve } from 'node:path';
import type { SeriesDocument } from '../../results/series.ts';
import { writeReportFile } from '../output-file.ts';
import type { ReporterSpec } from '../parse-spec.ts';
import type { QuestionReportOptions } from '../question.ts';
import { renderSeriesPage } from './page.ts';
import { seriesLines } from './text.ts';

/** @throws MmapvetError REPORT_UNWRITABLE, FILE_WRITE */
export function seriesReport(
  document: SeriesDocument,
  specs: readonly ReporterSpec[],
  options: QuestionReportOptions,
): void {
  const { screen, write } = options;
  for (const { name, file } of specs) {
    if (name === 'list') {
      write(`\n${seriesLines(document, { ...options, paint: screen.style, columns: screen.columns }).join('\n')}\n`);
      continue;
    }
    const text = name === 'json' ? `${JSON.stringify(document, null, 2)}\n` : renderSeriesPage(document, options);
    if (file === null) screen.out(text);
    else writeReportFile(resolve(file), text);
  }
}
