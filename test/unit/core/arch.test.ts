import { expect, test } from 'vitest';
import { DEFAULT_TARGETS, PROFILES, TARGETS } from '../../../harness/core/arch.ts';

test('a run that names no target is on one target an architecture', () => {
  expect(DEFAULT_TARGETS.map(({ name }) => name)).toEqual(['x86_64', 'arm64']);
  expect(new Set(DEFAULT_TARGETS.map(({ arch }) => arch))).toEqual(new Set(TARGETS.map(({ arch }) => arch)));
});

test('no name stands for two targets or two profiles', () => {
  const names = TARGETS.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
  const profiles = PROFILES.map(({ name }) => name);
  expect(new Set(profiles).size).toBe(profiles.length);
});
