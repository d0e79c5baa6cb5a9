/**
 * The output of tools/testing/vma: `Test NAME FAILED` of each test that failed, a sum at the end, and what the sanitizers
 * said. It is a program of the kernel tree that is vetted: all text is harmless and bounded.
 */
import type { Case } from '../core/events.ts';
import type { CaseList } from './cases.ts';
import { harmless } from './untrusted.ts';

const TEXT = 300;
const SUM = /^(\d+) tests run, (\d+) passed, (\d+) failed\.$/m;
const FAILED = /^Test (\w+) FAILED$/gm;
const SANITIZER = /^.*(?:ERROR: (?:Address|Leak|UndefinedBehavior)Sanitizer|: runtime error): .*$/gm;

/** @param names of all its tests, as its source has them */
export function readUserland(stdout: string, stderr: string, names: readonly string[]): CaseList {
  const [, run, , failures] = SUM.exec(stdout)?.map(Number) ?? [];
  const failed = [...stderr.matchAll(FAILED)].map(([, name]) => name!);
  const complaints = [...stderr.matchAll(SANITIZER)].map(([line]) => harmless(line.trim(), TEXT));
  // The names are of no use where some of them are not compiled in.
  const all = names.length === run ? names : failed;
  const cases: Case[] = [...new Set([...all, ...failed])].map((name) => ({
    name,
    outcome: failed.includes(name) ? 'fail' : 'pass',
    reason: failed.includes(name) ? whyOf(stderr, name) : '',
  }));
  const unnamed = (run ?? 0) - cases.length;
  return {
    cases: [
      ...cases,
      ...(unnamed > 0 ? [{ name: `${unnamed} more`, outcome: 'pass' as const, reason: '' }] : []),
      ...complaints.map((reason) => ({ name: 'sanitizer', outcome: 'fail' as const, reason })),
    ],
    bailOut: null,
    skipped: null,
    problems: [
      ...(run === undefined ? ['it ended without the sum of its tests'] : []),
      ...(failures !== undefined && failures !== failed.length
        ? [`its sum has ${failures} failures, but it named ${failed.length}`]
        : []),
    ],
  };
}

/** The assertion that stands before the name of the test. */
function whyOf(stderr: string, name: string): string {
  const before = stderr.slice(0, stderr.indexOf(`Test ${name} FAILED`)).trimEnd();
  const line = before.split('\n').at(-1) ?? '';
  return line.startsWith('Assert FAILED') ? harmless(line, TEXT) : '';
}
