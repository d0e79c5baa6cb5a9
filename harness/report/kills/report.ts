/** A kill matrix in the formats that are asked for, and as a page beside its runs. */
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../results/atomic.ts';
import type { Kills } from '../../results/kills.ts';
import { writeReportFile } from '../output-file.ts';
import type { ReporterSpec } from '../parse-spec.ts';
import type { QuestionReportOptions } from '../question.ts';
import { renderKillsPage } from './page.ts';
import { killsText } from './text.ts';

/** @throws MmapvetError REPORT_UNWRITABLE, FILE_WRITE */
export function killsReport(kills: Kills, specs: readonly ReporterSpec[], options: QuestionReportOptions): void {
  const { screen, write, folder } = options;
  writeFileAtomic(join(folder, 'kills.html'), renderKillsPage(kills, options));
  for (const { name, file } of specs) {
    if (name === 'list') {
      write(`\n${killsText(kills, { ...options, paint: screen.style, columns: screen.columns }).join('\n')}\n`);
      continue;
    }
    const text = `${JSON.stringify(kills, null, 2)}\n`;
    if (file === null) screen.out(text);
    else writeReportFile(resolve(file), text);
  }
}
