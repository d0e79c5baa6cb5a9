/** A comparison in the formats that are asked for. */
import type { ComparisonDocument } from '../../results/comparison.ts';
import type { ReporterSpec } from '../parse-spec.ts';
import type { QuestionReportOptions } from '../question.ts';
import { writeQuestion } from '../write-question.ts';
import { renderComparisonPage } from './page.ts';
import { comparisonLines } from './text.ts';

/** @throws MmapvetError REPORT_UNWRITABLE, FILE_WRITE */
export function comparisonReport(
  document: ComparisonDocument,
  specs: readonly ReporterSpec[],
  options: QuestionReportOptions,
): void {
  writeQuestion(document, specs, options, {
    lines: () => comparisonLines(document, { ...options, paint: options.screen.style }),
    page: () => renderComparisonPage(document, options),
  });
}
