import { expect, test } from 'vitest';
import { compareSizes, parseSizes } from '../../../harness/results/sizes.ts';

const BEFORE = `
ffffffff81000000 0000000000000040 t mmap_action_finish
ffffffff81000040 0000000000000020 T mmap_action_prepare
ffffffff81000060 0000000000000010 t mmap_action_finish.cold
ffffffff81000080 0000000000000008 t helper.isra.0
ffffffff81000090 0000000000000030 t gone
ffffffff82000000 0000000000000100 D table
ffffffff83000000 0000000000000004 b counter
ffffffff83000004 0000000000000008 d __key.123
                 U undefined
ffffffff81000000 T no_size
ffffffff81000000 0000000000000010 A absolute
`;
const AFTER = BEFORE.replace('40 t mmap_action_finish', '30 t mmap_action_finish')
  .replace('helper.isra.0', 'helper.isra.7')
  .replace(/.*gone\n/, 'ffffffff81000090 0000000000000018 W fresh\n')
  .replace('0100 D table', '0120 D table')
  .replace('08 d __key.123', '10 d __key.9');

test('sizes of nm --print-size and --size-sort, cold parts and statics of one name together', () => {
  expect([...parseSizes(BEFORE)]).toEqual([
    ['mmap_action_finish', { kind: 'function', size: 0x50 }],
    ['mmap_action_prepare', { kind: 'function', size: 0x20 }],
    ['helper', { kind: 'function', size: 8 }],
    ['gone', { kind: 'function', size: 0x30 }],
    ['table', { kind: 'data', size: 0x100 }],
    ['counter', { kind: 'data', size: 4 }],
  ]);
  expect([...parseSizes('0000000000000040 t by_size\n')]).toEqual([['by_size', { kind: 'function', size: 0x40 }]]);
});

test('what differs, the largest growth first', () => {
  expect(compareSizes(BEFORE, AFTER)).toEqual([
    { name: 'table', kind: 'data', before: 0x100, after: 0x120 },
    { name: 'fresh', kind: 'function', before: 0, after: 0x18 },
    { name: 'mmap_action_finish', kind: 'function', before: 0x50, after: 0x40 },
    { name: 'gone', kind: 'function', before: 0x30, after: 0 },
  ]);
  expect(compareSizes(AFTER, AFTER)).toEqual([]);
});
