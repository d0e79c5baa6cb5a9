import { describe, expect, it } from 'vitest';
import { isAtLeast, readVersion } from '../../../harness/host/version.ts';

describe('isAtLeast', () => {
  it.each([
    ['7.2.22', '7.2', true],
    ['7.2', '7.2', true],
    ['7.2', '7.2.0', true],
    ['7.1.99', '7.2', false],
    ['10.0', '9.9', true],
    ['2.10', '2.9', true],
    ['2.5.4', '2.5.35', false],
    ['12', '8.1', true],
    ['2.40-gg5b1a2c', '2.30', true],
    ['unknown', '1.0', false],
  ])('%s against %s is %s', (version, minimum, expected) => {
    expect(isAtLeast(version, minimum)).toBe(expected);
  });
});

describe('readVersion', () => {
  it('reads the first group', () => {
    expect(readVersion('tool 1.2.3 of 2026', /tool (\d+(?:\.\d+)+)/)).toBe('1.2.3');
  });

  it('is null where the program says something else', () => {
    expect(readVersion('usage: tool', /tool (\d+)/)).toBeNull();
  });
});
