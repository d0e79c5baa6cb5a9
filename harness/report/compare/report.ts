/** A comparison in the formats that are asked for. */
import { resolve } from 'node:path';
import type { ComparisonDocument } from '../../results/comparison.ts';
import { writeReportFile } from '../output-file.ts';
import type { ReporterSpec } from '../parse-spec.ts';
import type { QuestionReportOptions } from '../question.ts';
import { renderComparisonPage } from './page.ts';
import { comparisonLines } from './text.ts';

/** @throws MmapvetError REPORT_UNWRITABLE, FILE_WRITE */
export function comparisonReport(
  document: ComparisonDocument,
  specs: readonly ReporterSpec[],
  options: QuestionReportOptions,
): void {
  const { screen, write } = options;
  for (const { name, file } of specs) {
    if (name === 'list') {
      write(`\n${comparisonLines(document, { ...options, paint: screen.style }).join('\n')}\n`);
      continue;
    }
    const text = name === 'json' ? `${JSON.stringify(document, null, 2)}\n` : renderComparisonPage(document, options);
    if (file === null) screen.out(text);
    else writeReportFile(resolve(file), text);
  }
}
