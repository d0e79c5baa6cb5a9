import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../../../../harness/core/paths.ts';
import { contrast } from '../../../fixtures/contrast.ts';

const STYLE = readFileSync(join(PROJECT, 'harness/report/html/style.css'), 'utf8');

/** The colours of the n-th block that sets them: light, dark by the system, dark by choice. */
const SCHEMES = [...STYLE.matchAll(/color-scheme: (light|dark);([^}]*)\}/g)].map(([, scheme = '', block = '']) => ({
  scheme,
  colours: new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  ),
}));

const OUTCOMES = ['pass', 'fail', 'fault', 'flaky', 'error', 'vacuous', 'changed', 'known', 'na'];
const PAIRS: readonly (readonly [string, string])[] = [
  ...['ink', 'soft', 'accent', 'bad', 'good'].flatMap((ink) =>
    ['paper', 'card', 'sunk'].map((on) => [ink, on] as const),
  ),
  ['ink', 'accent-wash'],
  ...OUTCOMES.map((name) => [`${name}-ink`, name] as const),
];

describe('the colours', () => {
  it('are set for light, for a dark system, and for dark by choice, the latter two alike', () => {
    expect(SCHEMES.map(({ scheme }) => scheme)).toEqual(['light', 'dark', 'dark']);
    expect(SCHEMES[1]?.colours).toEqual(SCHEMES[2]?.colours);
    expect([...(SCHEMES[0]?.colours.keys() ?? [])]).toEqual([...(SCHEMES[1]?.colours.keys() ?? [])]);
  });

  it.each(SCHEMES.slice(0, 2).flatMap(({ scheme, colours }) => PAIRS.map((pair) => ({ scheme, colours, pair }))))(
    'have contrast enough for text: $scheme $pair',
    ({ colours, pair: [ink, on] }) => {
      expect(contrast(colours.get(ink) ?? '', colours.get(on) ?? '')).toBeGreaterThanOrEqual(4.5);
    },
  );
});
