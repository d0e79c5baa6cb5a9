import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fragmentsFor, PROFILES, TARGETS, withCoverage } from '../../../harness/core/arch.ts';
import { KERNEL_CONFIG } from '../../../harness/core/paths.ts';
import { findLost, parseConfig, parseFragment, showLine } from '../../../harness/kernel/fragments.ts';
import { explainLoss, findDefinitions } from '../../../harness/kernel/kconfig.ts';

const names = readdirSync(KERNEL_CONFIG).filter((name) => name.endsWith('.config'));

test.each(names)('%s: each line is under its reason, and none is there twice', (name) => {
  const lines = parseFragment(readFileSync(join(KERNEL_CONFIG, name), 'utf8'), name);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.why === '')).toEqual([]);
  expect(new Set(lines.map((line) => line.symbol)).size).toBe(lines.length);
});

test('the fragments are those that targets and profiles name', () => {
  const used = TARGETS.flatMap((target) => PROFILES.flatMap((profile) => fragmentsFor(target, withCoverage(profile))));
  expect(new Set(names)).toEqual(new Set(used.map((name) => `${name}.config`)));
});

test('a fragment that needs more on one architecture brings it along, and it comes last', () => {
  const fragments = (target: string, profile: string): readonly string[] =>
    fragmentsFor(
      TARGETS.find(({ name }) => name === target)!,
      PROFILES.find(({ name }) => name === profile)!,
    );
  expect(fragments('x86_64', 'base')).toEqual(['base', 'debug', 'x86_64']);
  expect(fragments('x86_64', 'bare')).toEqual(['base', 'bare', 'x86_64', 'x86_64-bare']);
  expect(fragments('arm64-16k', 'base')).toEqual(['base', 'debug', 'arm64', 'page-16k']);
});

test('a fragment', () => {
  const text =
    '# about the file\n\n# why A\n# and more\nCONFIG_A=y\n# CONFIG_B is not set\n\n# needed: C\nCONFIG_C="x y"\nCONFIG_BAD\n';
  expect(parseFragment(text, 'f')).toEqual([
    { symbol: 'A', value: 'y', why: 'why A and more', from: 'f' },
    { symbol: 'B', value: 'n', why: 'why A and more', from: 'f' },
    { symbol: 'C', value: '"x y"', why: 'needed: C', from: 'f' },
  ]);
});

describe('lost lines', () => {
  const config = parseConfig('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\n');
  const wanted = (text: string) => parseFragment(text, 'f');

  test('a line is honoured by its very value; off is off, said or not', () => {
    expect(findLost(wanted('CONFIG_A=y\n# CONFIG_B is not set\n# CONFIG_D is not set\nCONFIG_E=n\n'), config)).toEqual(
      [],
    );
    expect(findLost(wanted('CONFIG_C=y\nCONFIG_D=y\n# CONFIG_A is not set\n'), config).map(showLine)).toEqual([
      'CONFIG_C=y',
      'CONFIG_D=y',
      '# CONFIG_A is not set',
    ]);
  });

  test('of two lines for one symbol the last counts', () => {
    expect(findLost(wanted('CONFIG_A=n\nCONFIG_A=y\n'), config)).toEqual([]);
  });
});

const KCONFIG = `menu "Things"
depends on NET

config OTHER
	bool "other"
	depends on NEVER

config THING
	tristate "a thing" if EXPERT
	depends on A && \\
		!B
	help
	  config THING in a help text, depends on NOTHING

endmenu

choice
	prompt "one"
config ONE
	bool "one"
endchoice

if PCI
config HIDDEN
	bool
endif
`;

describe('why a line was lost', () => {
  const config = new Map([
    ['B', 'y'],
    ['NET', 'y'],
    ['EXPERT', 'y'],
    ['PCI', 'y'],
  ]);
  const why = (symbol: string, value = 'y'): string =>
    explainLoss({ symbol, value, why: '', from: '' }, findDefinitions(KCONFIG, symbol, 'Kconfig'), config);

  test('its definition, with what is around it', () => {
    expect(findDefinitions(KCONFIG, 'THING', 'Kconfig')).toEqual([
      { file: 'Kconfig', conditions: ['NET', 'EXPERT', 'A && !B'], prompt: true, choice: false },
    ]);
  });

  test.each([
    ['THING', 'y', 'depends on NET && EXPERT && A && !B; not met: A, !B'],
    ['NOWHERE', 'y', 'unknown symbol: no Kconfig file of this kernel defines it'],
    ['ONE', 'y', 'one of a choice, and another member of it was chosen'],
    ['HIDDEN', 'y', 'has no prompt: only other options switch it'],
    ['THING', 'n', 'another option selects it'],
  ])('%s=%s: %s', (symbol, value, expected) => {
    expect(why(symbol, value)).toBe(expected);
  });
});
