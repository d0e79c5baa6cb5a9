import { describe, expect, it } from 'vitest';
import { readUserland } from '../../../harness/probe/userland.ts';

const NAMES = ['simple_merge', 'merge_new'];

describe('tools/testing/vma', () => {
  it('names no test that passed: its source does', () => {
    expect(readUserland('2 tests run, 2 passed, 0 failed.\n', '', NAMES)).toMatchObject({
      cases: NAMES.map((name) => ({ name, outcome: 'pass' })),
      problems: [],
    });
  });

  it('says of a failed one which assertion it was', () => {
    const stderr = 'Assert FAILED at tests/merge.c:10:test_merge_new(): a == b is FALSE.\nTest merge_new FAILED\n';
    expect(readUserland('2 tests run, 1 passed, 1 failed.\n', stderr, NAMES).cases).toEqual([
      { name: 'simple_merge', outcome: 'pass', reason: '' },
      {
        name: 'merge_new',
        outcome: 'fail',
        reason: 'Assert FAILED at tests/merge.c:10:test_merge_new(): a == b is FALSE.',
      },
    ]);
  });

  it('counts those that it can give no names', () => {
    expect(readUserland('3 tests run, 3 passed, 0 failed.\n', '', NAMES).cases).toEqual([
      { name: '3 more', outcome: 'pass', reason: '' },
    ]);
  });

  it.each([
    'mm/vma.c:12:3: runtime error: signed integer overflow: 1 + 2',
    '==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60',
  ])('a complaint of a sanitizer is a failure: %s', (line) => {
    const { cases } = readUserland('', `${line}\n#0 0x1 in f\n`, NAMES);
    expect(cases).toContainEqual({ name: 'sanitizer', outcome: 'fail', reason: line });
  });

  it('a sum that is missing, or is not that of what failed, is said', () => {
    expect(readUserland('', '', NAMES).problems).toEqual(['it ended without the sum of its tests']);
    expect(readUserland('2 tests run, 1 passed, 1 failed.\n', '', NAMES).problems).toEqual([
      'its sum has 1 failures, but it named 0',
    ]);
  });
});
