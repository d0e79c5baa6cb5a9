/** What a folder holds that is no run's: the document of a question, with what writes its reports. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readComparison } from '../results/comparison.ts';
import { COMPARISON_FILE, SERIES_FILE } from '../results/find-run.ts';
import { readSeries } from '../results/series.ts';
import { comparisonReport } from './compare/report.ts';
import type { ReporterSpec } from './parse-spec.ts';
import type { QuestionReportOptions } from './question.ts';
import { seriesReport } from './series/report.ts';

type WriteReports = (specs: readonly ReporterSpec[], options: QuestionReportOptions) => void;

/**
 * Null for a run's folder.
 * @throws MmapvetError DOCUMENT_BAD, DOCUMENT_NEWER
 */
export function readQuestion(folder: string): WriteReports | null {
  if (existsSync(join(folder, COMPARISON_FILE))) {
    const document = readComparison(folder);
    return (specs, options) => comparisonReport(document, specs, options);
  }
  if (existsSync(join(folder, SERIES_FILE))) {
    const document = readSeries(folder);
    return (specs, options) => seriesReport(document, specs, options);
  }
  return null;
}
