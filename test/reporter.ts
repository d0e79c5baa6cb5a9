/**
 * Ends a run with the plain line that CI reads. Below scripts/test, which adds several runs up, the counts go to the file
 * that MMAPVET_TEST_COUNTS names instead.
 */
import { appendFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { closingLine, countsFileLine } from './counts.ts';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'pending' ? 'failed' : state] += 1;
      }
      // A file that could not be read or set up has failed, however many of its tests were found.
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    }
    const file = process.env['MMAPVET_TEST_COUNTS'] ?? '';
    if (file === '') console.log(closingLine(counts));
    else appendFileSync(file, countsFileLine(counts));
  }
}
