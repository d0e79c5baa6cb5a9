import { expect, it } from 'vitest';
import { repeatLines } from '../../../harness/report/repeats.ts';

const FAIL = { outcome: 'fail', reason: 'close x0' } as const;
const PASS = { outcome: 'pass', reason: '' } as const;

it('tells what all repeats say once, and not again where the cell says it', () => {
  expect(repeatLines({ ...FAIL, repeats: [FAIL, FAIL, FAIL] })).toEqual([
    { label: 'repeats 1-3', text: 'fail, as above' },
  ]);
});

it('keeps the order of repeats that disagree, each with its reason', () => {
  expect(repeatLines({ outcome: 'flaky', reason: '2 of 4 pass', repeats: [PASS, FAIL, FAIL, PASS] })).toEqual([
    { label: 'repeat 1', text: 'pass' },
    { label: 'repeats 2-3', text: 'fail: close x0' },
    { label: 'repeat 4', text: 'pass' },
  ]);
});
