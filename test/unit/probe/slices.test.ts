import { expect, it } from 'vitest';
import { collapse, sliceByCell } from '../../../harness/probe/slices.ts';

it('gives a program of the kernel its lines, whatever letters its name has twice', () => {
  const lines = [
    'before',
    'mmapvet: begin selftests-mm.merge',
    'WARNING: x',
    'mmapvet: end selftests-mm.merge',
    'after',
  ];
  const { cells, outside, open } = sliceByCell(lines);
  expect(cells.get(collapse('selftests-mm.merge'))).toEqual(['WARNING: x']);
  expect(outside).toEqual(['before', 'after']);
  expect(open).toBeNull();
});
