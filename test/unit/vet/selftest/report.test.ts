import { describe, expect, test } from 'vitest';
import type { Seen } from '../../../../harness/vet/selftest/compare.ts';
import { closingLines, resultLines, selftestExit } from '../../../../harness/vet/selftest/report.ts';
import type { Ending, ScenarioResult } from '../../../../harness/vet/selftest/selftest.ts';

const SEEN: Seen = {
  outcome: 'fault',
  reason: 'panic: x in f',
  class: 'panic',
  title: 'panic: x in f',
  function: 'f',
  blame: 'kernel',
  others: [],
  notes: [],
};
const RIGHT: Ending = { kind: 'right', seen: SEEN, differences: [] };
const WRONG: Ending = { kind: 'wrong', seen: SEEN, differences: ['outcome: fault instead of pass'] };
const NOT_APPLICABLE: Ending = { kind: 'not-applicable', reason: 'this kernel is built without KASAN' };
const BROKEN: Ending = { kind: 'broken', reason: 'no \u001b[31mguest' };

const result = (ending: Ending, more: Partial<ScenarioResult> = {}): ScenarioResult => ({
  scenario: 'panic',
  target: 'x86_64',
  repeat: 1,
  expected: { outcome: 'fault', class: 'panic', blame: 'kernel' },
  ending,
  durationMs: 1200,
  verdictMs: 300,
  pastBudgetMs: null,
  folder: '/runs/panic',
  ...more,
});
const plain = (_style: unknown, text: string): string => text;

describe('the line of a scenario', () => {
  test('right: one line with what was found and whose fault it is', () => {
    const lines = resultLines(result(RIGHT), 6, plain);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^ {2}✓ x86_64 {2}panic +fault: panic: x in f · the kernel's fault {2}1\.2 s$/);
  });

  test('wrong: the differences and the evidence below it', () => {
    const [, difference, evidence] = resultLines(result(WRONG), 6, plain);
    expect([difference, evidence]).toEqual(['      outcome: fault instead of pass', '      evidence  /runs/panic']);
  });

  test('not applicable: the reason; broken: no escape code of a guest', () => {
    expect(resultLines(result(NOT_APPLICABLE), 6, plain)[0]).toContain('- x86_64');
    expect(resultLines(result(BROKEN), 6, plain)[0]).not.toContain('\u001b');
  });
});

describe('the exit code', () => {
  test.each([
    ['all right', [RIGHT, NOT_APPLICABLE], false, 0],
    ['one wrong outweighs one broken', [RIGHT, WRONG, BROKEN], false, 1],
    ['one broken', [RIGHT, BROKEN], false, 2],
    ['nothing applies', [NOT_APPLICABLE], false, 2],
    ['nothing was run', [], false, 2],
    ['interrupted', [RIGHT], true, 130],
  ] as const)('%s', (_, endings, interrupted, code) => {
    expect(
      selftestExit(
        endings.map((ending) => result(ending)),
        interrupted,
      ),
    ).toBe(code);
  });
});

test('the closing lines: counts, paces, and how long a panic waited for its verdict', () => {
  const results = [
    result(RIGHT),
    result(RIGHT, { target: 'arm64', verdictMs: 900 }),
    result(WRONG, { scenario: 'hung-task', pastBudgetMs: 6100 }),
    result(RIGHT, { scenario: 'endless-probe', pastBudgetMs: 300 }),
    result(NOT_APPLICABLE, { scenario: 'leak' }),
  ];
  expect(closingLines(results, 61_000)).toEqual([
    '  2 targets, 5 scenarios: 3 as expected, 1 wrong, 1 not applicable  1 min 01 s',
    '  quick 2 of 2; timer-bound 1 of 2; panic to verdict 0.9 s at most; hang to verdict 6.1 s past the budget at most',
  ]);
});
