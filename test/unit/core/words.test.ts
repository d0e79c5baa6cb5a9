import { expect, test } from 'vitest';
import { globToRegExp, splitWords } from '../../../harness/core/words.ts';
import { suggest, suggestHint } from '../../../harness/core/suggest.ts';
import { quoteCommand } from '../../../harness/core/exec.ts';

test('words split as a shell splits them', () => {
  expect(splitWords(`LLVM=1 'A=b c' "D=e \\"f\\"" g\\ h`)).toEqual(['LLVM=1', 'A=b c', 'D=e "f"', 'g h']);
  expect(splitWords('  ')).toEqual([]);
});

test('a quoted command can be pasted into a shell', () => {
  expect(quoteCommand(['make', 'A=b c', "it's", '-j2'])).toBe(`make 'A=b c' 'it'\\''s' -j2`);
});

test.each([
  ['E0*', 'E02', true],
  ['e02', 'E02', true],
  ['E?2', 'E02', true],
  ['E', 'E02', false],
  ['E.2', 'E02', false],
])('the glob %s against %s: %s', (glob, word, matches) => {
  expect(globToRegExp(glob).test(word)).toBe(matches);
});

test('suggestions: near ones first, swapped letters are one mistake, far ones none', () => {
  expect(suggest('x68_64', ['arm64', 'x86_64'])).toEqual(['x86_64']);
  expect(suggest('zebra', ['arm64', 'x86_64'])).toEqual([]);
  expect(suggestHint('zebra', ['arm64', 'x86_64'], 'targets')).toBe('Choose from the targets: arm64, x86_64.');
});
