import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../harness/core/outcome.ts';
import { diffRuns, type DiffCell, type DiffSide } from '../../../../harness/results/history/diff.ts';
import { KERNEL } from '../../../fixtures/events/stream.ts';

function side(cells: Readonly<Record<string, Outcome>>, kernel: Partial<typeof KERNEL> = {}): DiffSide {
  const all = Object.entries(cells).map(([clause, outcome]): DiffCell => ({
    clause,
    path: 'direct',
    target: 'x86_64',
    profile: 'base',
    outcome,
    reason: '',
  }));
  return { name: 'run', kernel: { ...KERNEL, ...kernel }, cells: all };
}

describe('diffRuns', () => {
  it('names what differs and what only one side has', () => {
    const diff = diffRuns(
      side({ A01: 'pass', A02: 'fail', A03: 'pass' }),
      side({ A01: 'pass', A02: 'pass', A04: 'pass' }),
    );
    expect(diff.compared).toBe(2);
    expect(diff.differing.map(({ before, after }) => [before.clause, before.outcome, after.outcome])).toEqual([
      ['A02', 'fail', 'pass'],
    ]);
    expect(diff.onlyBefore.map(({ clause }) => clause)).toEqual(['A03']);
    expect(diff.onlyAfter.map(({ clause }) => clause)).toEqual(['A04']);
  });

  it('knows the same kernel, and that edits nobody recorded make no two runs the same', () => {
    const clean = side({ A01: 'pass' });
    const dirty = side({ A01: 'pass' }, { dirty: true });
    expect(diffRuns(clean, side({}, {})).sameKernel).toBe(true);
    expect(diffRuns(clean, side({}, { version: '7.3.5' })).sameKernel).toBe(false);
    expect(diffRuns(dirty, dirty).sameKernel).toBe(false);
    expect(diffRuns(clean, { ...clean, kernel: null }).sameKernel).toBe(false);
  });
});
