import { expect, test } from 'vitest';
import { groupsFor } from '../../../harness/contract/catalogue.ts';
import { DEFAULT_TARGETS } from '../../../harness/core/arch.ts';
import { MmapvetError } from '../../../harness/core/errors.ts';
import { planRun } from '../../../harness/run/plan.ts';

const cellNames = (values: Parameters<typeof planRun>[0]): string[] =>
  planRun(values).checks.map(({ clause, path }) => `${clause.id}.${path}`);

function refusal(values: Parameters<typeof planRun>[0]): MmapvetError {
  try {
    planRun(values);
  } catch (error) {
    if (error instanceof MmapvetError) return error;
    throw error;
  }
  throw new Error('the plan was accepted');
}

test('nothing given: the default targets, all cells, the base profile', () => {
  const plan = planRun({});
  expect(plan.targets).toEqual(DEFAULT_TARGETS);
  expect(plan.profile.name).toBe('base');
  expect(plan.checks).toHaveLength(
    groupsFor([]).flatMap((group) => group.clauses.flatMap((clause) => clause.paths)).length,
  );
});

test('in-tree users are for the profile that has them, or for who asks for them', () => {
  const users = (values: Parameters<typeof planRun>[0]): string[] =>
    cellNames(values).filter((name) => name.endsWith('.user'));
  expect(users({})).toEqual([]);
  expect(users({ profile: 'users' })).toContain('U01.user');
  expect(cellNames({ profile: 'users' })).toContain('A01.direct');
  expect(users({ clause: ['U01'] })).toEqual(['U01.user']);
});

test('targets: aliases, either case, commas, each once', () => {
  expect(planRun({ target: ['x86,AArch64'], arch: ['arm64'] }).targets.map((target) => target.name)).toEqual([
    'x86_64',
    'arm64',
  ]);
});

test('clauses: globs and commas, in the order of the catalogue', () => {
  expect(cellNames({ clause: ['e04,A09'] })).toEqual(['A09.direct', 'E04.direct']);
  expect(new Set(cellNames({ clause: ['K*'], path: ['w2'] }).map((name) => name.replace(/^K../, '')))).toEqual(
    new Set(['.W2']),
  );
});

test.each<[string, Parameters<typeof planRun>[0], string, string]>([
  ['an unknown target', { target: ['x68_64'] }, 'TARGET_UNKNOWN', 'Did you mean "x86_64"?'],
  ['an unknown clause', { clause: ['EO2'] }, 'CLAUSE_UNKNOWN', 'Did you mean'],
  ['an unknown profile', { profile: 'bsae' }, 'PROFILE_UNKNOWN', 'Did you mean "base"?'],
  ['an unknown path', { path: ['W9'] }, 'PATH_UNKNOWN', 'Did you mean'],
  ['an unknown lie', { driverLie: 'fib' }, 'LIE_UNKNOWN', 'Choose from the lies'],
  ['a number that is none', { jobs: 'many' }, 'NUMBER_BAD', 'Give a number'],
  ['a number out of range', { timeout: '0' }, 'NUMBER_BAD', 'Give a number'],
  ['a config line that is none', { kconfigAdd: ['KASAN'] }, 'KCONFIG_LINE_BAD', 'CONFIG_KASAN=y'],
  ['a build folder for two targets', { buildDir: 'x' }, 'BUILD_DIR_TARGETS', 'Add --target'],
  ['clause and path that never meet', { clause: ['A09'], path: ['W1'] }, 'NOTHING_CHOSEN', 'mmapvet list clauses'],
])('%s is refused before anything happens', (_, values, code, hint) => {
  const error = refusal(values);
  expect(error).toMatchObject({ code, blame: 'usage', exit: 64 });
  expect(error.hint).toContain(hint);
});

test('option words are split as a shell would', () => {
  expect(planRun({ makeOptions: "LLVM=1 'KCFLAGS=-g -O2'" }).makeOptions).toEqual(['LLVM=1', 'KCFLAGS=-g -O2']);
});
