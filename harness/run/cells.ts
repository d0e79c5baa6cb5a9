/** What a plan asks for, cell by cell. */
import { HOST_TARGET, programsOn } from '../contract/suites.ts';
import type { Target } from '../core/arch.ts';
import type { CellId } from '../core/events.ts';
import type { RunPlan } from './plan.ts';

/** All that a plan asks for. */
export const cellsOfPlan = (plan: RunPlan): CellId[] => [
  ...plan.targets.flatMap((target) => cellsOf(plan, target)),
  ...suiteCells(plan, HOST_TARGET),
];

function cellsOf(plan: RunPlan, target: Target): CellId[] {
  const clauses = plan.checks.map(({ clause, path }) => ({
    clause: clause.id,
    path,
    target: target.name,
    profile: plan.profile.name,
  }));
  return [...clauses, ...suiteCells(plan, target.name)];
}

/** This machine is one too, where tests run on it. */
export const namesOfTargets = (plan: RunPlan): string[] => [
  ...plan.targets.map((target) => target.name),
  ...(programsOn(plan.programs, HOST_TARGET).length > 0 ? [HOST_TARGET] : []),
];

const suiteCells = (plan: Pick<RunPlan, 'programs' | 'profile'>, target: string): CellId[] =>
  programsOn(plan.programs, target).map(({ suite, name }) => ({
    clause: suite,
    path: name,
    target,
    profile: plan.profile.name,
  }));
