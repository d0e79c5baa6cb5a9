import { expect, test } from 'vitest';
import { isRelative } from '../../../harness/kernel/seed.ts';

const arm64 = { name: 'arm64' };

test.each([
  ['arm64-base-0123abcd', true],
  ['arm64-my-own-profile-0123abcd', true],
  ['arm64-base-ffffffff', false],
  ['x86_64-base-0123abcd', false],
  ['.copy-arm64-base-0123abcd', false],
])('%s may be copied for arm64: %s', (name, expected) => {
  expect(isRelative(name, arm64, '0123abcd')).toBe(expected);
});
