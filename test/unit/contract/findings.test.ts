import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findClauses } from '../../../harness/contract/catalogue.ts';
import { FINDINGS, shownFindings } from '../../../harness/contract/findings.ts';
import { PROJECT } from '../../../harness/core/paths.ts';

const SECTIONS = readFileSync(join(PROJECT, 'docs/findings.md'), 'utf8')
  .split(/^## (?=\d+\. )/m)
  .slice(1)
  .map((text) => ({ number: Number.parseInt(text, 10), text }));

describe('docs/findings.md', () => {
  test.each(SECTIONS)('finding $number has all that a maintainer asks for', ({ text }) => {
    const parts = ['Promise.', 'What happens.', 'Clause.', 'Seen on.', 'Where.', 'Suggested fix.'];
    expect(parts.filter((part) => !text.includes(`**${part}**`))).toEqual([]);
    expect(text).toMatch(/`mmapvet run .*--clause \w+/);
    const program = /```c\n([\s\S]*?)```/.exec(text)?.[1]?.trim().split('\n') ?? [];
    expect(program.length).toBeGreaterThan(5);
    expect(program.length).toBeLessThan(40);
    expect(text).toMatch(/\*\*Where\.\*\* `(?:mm|include|fs)\//);
  });

  test('each finding of the catalogue is a section there that names its clauses', () => {
    for (const { number, shownBy } of FINDINGS) {
      const text = SECTIONS.find((section) => section.number === number)?.text ?? '';
      for (const clause of shownBy.flatMap((each) => each.clauses)) {
        expect(text, `finding ${number}`).toContain(clause);
        expect(findClauses([clause])).toHaveLength(1);
      }
    }
  });
});

const cell = (clause: string, outcome: 'pass' | 'changed' | 'known' | 'error', target = 'x86_64') => ({
  clause,
  outcome,
  target,
});

test('a finding is told where a cell of the run showed it, and only there', () => {
  expect(
    shownFindings([cell('A01', 'pass'), cell('E12', 'changed'), cell('G09', 'error'), cell('M05', 'pass')]),
  ).toEqual([]);
  const shown = shownFindings([
    cell('E08', 'pass'),
    cell('K08', 'pass', 'arm64'),
    cell('M05', 'known'),
    cell('E08', 'changed', 'arm64'),
  ]);
  expect(shown.map(({ number, clauses, targets }) => ({ number, clauses, targets }))).toEqual([
    { number: 3, clauses: ['E08', 'K08'], targets: ['x86_64', 'arm64'] },
    { number: 11, clauses: ['M05'], targets: ['x86_64'] },
  ]);
});
