/** A series in the formats that are asked for. */
import type { SeriesDocument } from '../../results/series.ts';
import type { ReporterSpec } from '../parse-spec.ts';
import type { QuestionReportOptions } from '../question.ts';
import { writeQuestion } from '../write-question.ts';
import { renderSeriesPage } from './page.ts';
import { seriesLines } from './text.ts';

/** @throws MmapvetError REPORT_UNWRITABLE, FILE_WRITE */
export function seriesReport(
  document: SeriesDocument,
  specs: readonly ReporterSpec[],
  options: QuestionReportOptions,
): void {
  writeQuestion(document, specs, options, {
    lines: () => seriesLines(document, { ...options, paint: options.screen.style, columns: options.screen.columns }),
    page: () => renderSeriesPage(document, options),
  });
}
