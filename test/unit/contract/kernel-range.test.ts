import { expect, test } from 'vitest';
import { parseKernelRange } from '../../../harness/contract/kernel-range.ts';

test.each([
  ['7.2', ['7.2.0', '7.2.13-mmapvet', '7.2-rc1'], ['7.1.9', '7.20.1', '7.3.0', '17.2.1']],
  ['7.2.13', ['7.2.13', '7.2.13-1'], ['7.2.1', '7.2.130', '7.2.14']],
  ['7.1-7.2', ['7.1.0', '7.2.99'], ['7.0.9', '7.3.0', '6.12.4']],
  ['7.2-', ['7.2.0', '7.3.4', '8.0.1'], ['7.1.99']],
  ['-7.2', ['6.12.1', '7.2.99'], ['7.3.0']],
])('%s', (text, inside, outside) => {
  const range = parseKernelRange(text);
  expect(inside.filter((version) => range?.has(version) !== true)).toEqual([]);
  expect(outside.filter((version) => range?.has(version) !== false)).toEqual([]);
});

test.each(['', '-', '7', 'x', '7.2.1.3', '7.2--7.3', '7.2 or 7.3', '>=7.2'])('"%s" is no range', (text) => {
  expect(parseKernelRange(text)).toBeNull();
});

test('no version is in any range', () => {
  expect(parseKernelRange('-7.2')?.has('')).toBe(false);
});
