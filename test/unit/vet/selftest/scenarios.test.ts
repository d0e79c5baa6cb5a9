import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../../../harness/contract/catalogue.ts';
import { MmapvetError } from '../../../../harness/core/errors.ts';
import { KERNEL_CONFIG, PROJECT } from '../../../../harness/core/paths.ts';
import { FAULT_CLASSES } from '../../../../harness/probe/fault-classes.ts';
import { chooseScenarios } from '../../../../harness/vet/selftest/choose.ts';
import { preparation } from '../../../../harness/vet/selftest/saboteur.ts';
import { SABOTAGED, SPARED } from '../../../../harness/vet/selftest/scenario.ts';
import { SCENARIOS } from '../../../../harness/vet/selftest/scenarios.ts';

const DRIVER = readFileSync(join(PROJECT, 'guest/driver/fault.c'), 'utf8');
const FAULTS = [...DRIVER.matchAll(/^\t\{ "([\w-]+)",/gm)].map((match) => match[1] ?? '');
const FUNCTIONS = [...DRIVER.matchAll(/^static noinline \w+ (mv_\w+)\(/gm)].map((match) => match[1] ?? '');
const CELLS = new Set(
  CATALOGUE.flatMap((group) => group.clauses).flatMap(({ id, paths }) => paths.map((path) => `${id}.${path}`)),
);

describe('the table of scenarios', () => {
  test('names are unique, and there are enough of them', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
    expect(SCENARIOS.length).toBeGreaterThanOrEqual(18);
  });

  test('the driver has each fault that is asked for, and none that nobody asks for', () => {
    const asked = SCENARIOS.flatMap(({ sabotage }) => (sabotage.fault === undefined ? [] : [sabotage.fault]));
    expect(FAULTS.length).toBeGreaterThan(10);
    expect([...new Set(asked)].toSorted()).toEqual(FAULTS.toSorted());
  });

  test.each(SCENARIOS)('$name: cells, class, function and blame go together', ({ cells, needs = [], expected }) => {
    for (const cell of cells ?? [SABOTAGED, SPARED]) expect(CELLS).toContain(cell);
    expect([null, ...FAULT_CLASSES]).toContain(expected.class);
    expect([undefined, 'sysrq_handle_crash', ...FUNCTIONS]).toContain(expected.function);
    const good = expected.outcome === 'pass' && expected.class === null;
    expect(expected.blame === 'nobody').toBe(good && expected.says === undefined);
    expect(expected.class === null || expected.blame === 'kernel').toBe(true);
    const config = ['base', 'debug', 'asan'].map((file) => readFileSync(join(KERNEL_CONFIG, `${file}.config`), 'utf8'));
    for (const option of needs) expect(config.join('\n')).toContain(`CONFIG_${option}=y`);
  });

  test.each(SCENARIOS)('$name: what is done in the guest is a script that a shell can read', ({ sabotage }) => {
    const acts = (sabotage.during ?? []).flatMap(({ act }) => (act.kind === 'guest' ? [act.script] : []));
    for (const script of [preparation(sabotage), ...acts])
      expect(spawnSync('sh', ['-n', '-c', script]).stderr.toString()).toBe('');
  });
});

describe('which scenarios are asked for', () => {
  test('all, by name, by glob, several with commas, in the order of the table', () => {
    expect(chooseScenarios([])).toBe(SCENARIOS);
    expect(chooseScenarios(['*-killed', 'oops,BUG']).map(({ name }) => name)).toEqual([
      'oops',
      'bug',
      'ssh-killed',
      'probes-killed',
    ]);
  });

  test('a name that nothing has: what is near it', () => {
    const failure = (() => {
      try {
        return chooseScenarios(['panik']);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(MmapvetError);
    expect(failure).toMatchObject({ code: 'SCENARIO_UNKNOWN', blame: 'usage' });
    expect((failure as MmapvetError).hint).toContain('panic');
  });
});

test('a guest that nothing is done to is not touched', () => {
  expect(preparation({})).toBe('');
  expect(preparation({ kernelArgs: ['x'] })).toBe('');
});
