/** Reports of a question that vetted several kernels. Its document is whole when it is written, so nothing is streamed. */
import type { ClauseGroup } from '../contract/clause.ts';
import { usageError } from '../core/errors.ts';
import type { Screen } from '../core/screen.ts';
import { checkReportFile } from './output-file.ts';
import { parseReporters, type ReporterName, type ReporterSpec } from './parse-spec.ts';

export interface QuestionReportOptions {
  readonly screen: Pick<Screen, 'style' | 'out' | 'columns'>;
  /** Where the list goes: stderr, where another report has stdout. */
  readonly write: (text: string) => void;
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
  /** Of the question. */
  readonly folder: string;
}

const FIT: readonly ReporterName[] = ['list', 'json', 'html'];

/**
 * What `--reporter` and `--json` ask for.
 * @throws MmapvetError REPORTER_FIT and those of parseReporters (usage)
 */
export function questionReporters(values: Readonly<Record<string, unknown>>): ReporterSpec[] {
  const wanted = ((values['reporter'] ?? []) as readonly string[]).join(',');
  const json = values['json'] === true ? 'json' : '';
  const specs = parseReporters(
    [wanted === '' && json === '' ? 'list' : wanted, json].filter((part) => part !== '').join(','),
  );
  return fitting(specs);
}

/** @throws MmapvetError REPORTER_FIT */
export function fitting(specs: readonly ReporterSpec[]): ReporterSpec[] {
  const other = specs.find(({ name }) => !FIT.includes(name));
  if (other !== undefined)
    throw usageError(
      'REPORTER_FIT',
      `The reporter "${other.name}" is for one kernel, and this compares several.`,
      `Use ${FIT.join(', ')}; each kernel's own run folder lies below, for "mmapvet report FOLDER --reporter ${other.name}".`,
    );
  return [...specs];
}

/** @throws MmapvetError REPORT_UNWRITABLE */
export function checkQuestionReporters(specs: readonly ReporterSpec[]): void {
  for (const { file } of specs) if (file !== null) checkReportFile(file);
}

/** Where the list goes: to stderr, where another report has stdout. */
export const listWriter = (
  specs: readonly ReporterSpec[],
  screen: Pick<Screen, 'out' | 'err'>,
): ((text: string) => void) =>
  specs.some(({ name, file }) => name !== 'list' && file === null) ? screen.err : screen.out;
