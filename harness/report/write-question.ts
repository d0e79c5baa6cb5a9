/** The answer to a question in the formats that are asked for. */
import { resolve } from 'node:path';
import { writeReportFile } from './output-file.ts';
import type { ReporterSpec } from './parse-spec.ts';
import type { QuestionReportOptions } from './question.ts';

/**
 * @param forms the lines of `list`, and the page of `html`
 * @throws MmapvetError REPORT_UNWRITABLE, FILE_WRITE
 */
export function writeQuestion(
  document: object,
  specs: readonly ReporterSpec[],
  { screen, write }: QuestionReportOptions,
  forms: { readonly lines: () => readonly string[]; readonly page: () => string },
): void {
  for (const { name, file } of specs) {
    if (name === 'list') {
      write(`\n${forms.lines().join('\n')}\n`);
      continue;
    }
    const text = name === 'json' ? `${JSON.stringify(document, null, 2)}\n` : forms.page();
    if (file === null) screen.out(text);
    else writeReportFile(resolve(file), text);
  }
}
