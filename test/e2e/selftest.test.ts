import { expect, test } from 'vitest';
import { DEFAULT_TARGETS } from '../../harness/core/arch.ts';
import { SCENARIOS } from '../../harness/vet/selftest/scenarios.ts';
import { mmapvet } from './mmapvet.ts';

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly results: readonly {
    readonly scenario: string;
    readonly target: string;
    readonly ending: { readonly kind: string; readonly differences?: readonly string[]; readonly reason?: string };
    readonly verdictMs: number | null;
  }[];
}

/** What waits for a watchdog is for `scripts/nightly`. */
const QUICK = SCENARIOS.filter(({ pace }) => pace === 'quick').map(({ name }) => name);
const LEAST = 18;

test('guests that are broken on purpose: each verdict is right, on both targets', async () => {
  const { code, stdout, stderr } = await mmapvet('selftest', '--json', '--scenario', QUICK.join(','));
  const { results } = JSON.parse(stdout) as Report;
  const named = (result: Report['results'][number]): string =>
    `${result.target} ${result.scenario}: ${result.ending.kind} ${(result.ending.differences ?? []).join('; ')}${result.ending.reason ?? ''}`;
  const unexpected = results.filter(({ ending }) => ending.kind !== 'right' && ending.kind !== 'not-applicable');
  expect(unexpected.map(named), stderr.slice(-4000)).toEqual([]);
  expect(code).toBe(0);
  for (const { name } of DEFAULT_TARGETS) {
    const own = results.filter(({ target }) => target === name);
    expect(own.map(({ scenario }) => scenario).toSorted()).toEqual(QUICK.toSorted());
    expect(own.filter(({ ending }) => ending.kind === 'right').length).toBeGreaterThanOrEqual(LEAST);
    expect(own.filter(({ ending }) => ending.kind === 'not-applicable').map(({ scenario }) => scenario)).toEqual([
      'use-after-free',
    ]);
  }
});
