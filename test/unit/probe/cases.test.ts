import { describe, expect, it } from 'vitest';
import { createCaseReader } from '../../../harness/probe/cases.ts';

function read(...lines: readonly string[]) {
  const reader = createCaseReader();
  for (const line of lines) reader.push(`${line}\n`);
  return reader.end();
}

describe('the cases of a kselftest', () => {
  it('have the names and outcomes that it gave them, and its own words of a failed one', () => {
    const { cases, problems } = read(
      'TAP version 13',
      '1..5',
      '#  RUN           merge.one ...',
      '#            OK  merge.one',
      'ok 1 merge.one',
      '# merge.c:12:two:Expected 1 == 2',
      'not ok 2 merge.two',
      'ok 3 merge.three # SKIP no userfaultfd',
      'ok 4 # XFAIL mremap - overlapping',
      'not ok 5 merge.five # TIMEOUT',
      '# Totals: pass:1 fail:1 xfail:1 xpass:0 skip:1 error:1',
    );
    expect(cases).toEqual([
      { name: 'merge.one', outcome: 'pass', reason: '' },
      { name: 'merge.two', outcome: 'fail', reason: 'merge.c:12:two:Expected 1 == 2' },
      { name: 'merge.three', outcome: 'not-applicable', reason: 'no userfaultfd' },
      { name: 'mremap - overlapping', outcome: 'known', reason: '' },
      { name: 'merge.five', outcome: 'error', reason: expect.any(String) },
    ]);
    expect(problems).toEqual([]);
  });

  it('are missed where the plan has more', () => {
    expect(read('TAP version 13', '1..3', 'ok 1 a').problems).toEqual(['1 of 3 planned results']);
  });

  it('are none where all was skipped or given up: with the reason', () => {
    expect(read('TAP version 13', '1..0 # SKIP Cannot open /dev/mem').skipped).toBe('Cannot open /dev/mem');
    expect(read('TAP version 13', '1..2', 'Bail out! no space').bailOut).toBe('no space');
  });

  it('can do no harm, however many and whatever they are', () => {
    const { cases, problems } = read(
      '1..5000',
      ...Array.from({ length: 5000 }, (_, at) => `ok ${at + 1} x\u001b[2J${at}`),
    );
    expect(cases).toHaveLength(2000);
    expect(problems).toEqual(['there are more than 2000 cases']);
    expect(cases.some(({ name }) => name.includes('\u001b'))).toBe(false);
  });
});
