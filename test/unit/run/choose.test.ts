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
  const refusal = (...words: Parameters<typeof chooseCells>): unknown => {
    try {
      return chooseCells(...words);
    } catch (error) {
      return error;
    }
  };

  it('that the profile has no clause for is refused, with the profile that has', () => {
    expect(refusal([], [], ['user'], BASE)).toMatchObject({
      code: 'NOTHING_CHOSEN',
      exit: 64,
      message: 'No clause of profile "base" has path "user".',
      hint: 'Choose --profile users, whose group U has it.',
    });
    const users = PROFILES.find(({ name }) => name === 'users')!;
    expect(chooseCells([], [], ['user'], users).checks.every(({ clause }) => clause.id.startsWith('U'))).toBe(true);
  });

  it('that the clauses do not have is refused, with what was asked for', () => {
    expect(refusal(['D'], ['E02'], ['user'], BASE)).toMatchObject({
      code: 'NOTHING_CHOSEN',
      message: 'No cell is left of --group "D" and --clause "E02" and --path "user".',
    });
    expect(refusal([], ['E02'], ['user'], BASE)).toMatchObject({
      message: 'No cell is left of --clause "E02" and --path "user".',
    });
  });

  it("of a probe of one's own has no in-tree users", () => {
    expect(choosePaths(['w1,USER'])).toEqual(['W1', 'user']);
    expect(() => choosePaths(['user'], DRIVER_PATHS)).toThrow('There is no path "user".');
  });
});
