import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../harness/contract/catalogue.ts';
import { DRIVER_PATHS } from '../../../harness/contract/clause.ts';
import { DEFAULT_TARGETS, PROFILES } from '../../../harness/core/arch.ts';
import { chooseCells, choosePaths } from '../../../harness/run/choose.ts';
import { planRun } from '../../../harness/run/plan.ts';

const BASE = PROFILES[0]!;

const lettersOf = (...groups: readonly string[]): string =>
  [...new Set(chooseCells(groups, [], [], BASE).checks.map(({ clause }) => clause.id.charAt(0)))].join('');
const ALL = CATALOGUE.map(({ letter }) => letter).join('');

describe('--group', () => {
  it.each([
    [['E'], 'E'],
    [['errors'], 'E'],
    [['e,F'], 'EF'],
    [['?'], ALL],
    [['*'], ALL],
    [['selftests-mm'], ''],
  ])('%j has the clauses of "%s"', (groups, letters) => {
    expect(lettersOf(...groups)).toBe(letters);
  });

  it("has the kernel's own tests only where they are named", () => {
    const namesOf = (...groups: readonly string[]) =>
      chooseCells(groups, [], [], BASE).programs.map(({ suite, name }) => `${suite}.${name}`);
    expect(namesOf()).toEqual([]);
    expect(namesOf('?')).toEqual([]);
    expect(namesOf('vma-*')).toEqual(['vma-userland.vma']);
    expect(namesOf('selftests-mm.map_*')).toEqual(['selftests-mm.map_fixed_noreplace', 'selftests-mm.map_populate']);
    expect(namesOf('*')).toHaveLength(7);
  });

  it('and --clause add up', () => {
    const { checks, programs } = chooseCells(['F', 'vma-userland'], ['E02'], [], BASE);
    expect(new Set(checks.map(({ clause }) => clause.id.charAt(0)))).toEqual(new Set(['E', 'F']));
    expect(checks.some(({ clause }) => clause.id === 'E03')).toBe(false);
    expect(programs.map(({ suite }) => suite)).toEqual(['vma-userland']);
  });

  it('that there is none of is refused, with what is near', () => {
    expect(() => chooseCells(['selftest-mm'], [], [], BASE)).toThrow('There is no group "selftest-mm".');
    expect(() => chooseCells(['E'], [], ['W9'], BASE)).toThrow('There is no path "W9".');
  });
});

it('what runs on this machine alone needs no target', () => {
  expect(planRun({ group: ['vma-userland'] }).targets).toEqual([]);
  expect(planRun({ group: ['vma-userland', 'selftests-mm'] }).targets).toEqual(DEFAULT_TARGETS);
  expect(planRun({ group: ['vma-userland'], clause: ['E02'] }).targets).toEqual(DEFAULT_TARGETS);
});

describe('--path', () => {
  it("of a probe of one's own has no in-tree users", () => {
    expect(choosePaths(['w1,USER'])).toEqual(['W1', 'user']);
    expect(() => choosePaths(['user'], DRIVER_PATHS)).toThrow('There is no path "user".');
  });
});
