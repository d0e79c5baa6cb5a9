/** What this host must have for a plan, installed where it is missing. */
import { HOST_TARGET, programsOn } from '../contract/suites.ts';
import type { Screen } from '../core/screen.ts';
import { checkHost } from '../host/doctor.ts';
import { provision } from '../host/provision.ts';
import type { BuildPlan, RunPlan } from './plan.ts';

/** @throws MmapvetError HOST_…: what is missing and can't be installed */
export async function provisionFor(
  plan: BuildPlan & Partial<Pick<RunPlan, 'programs'>>,
  options: { readonly screen: Screen; readonly yes: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const own = plan.crossCompile !== undefined || plan.makeOptions.some((word) => /^(?:LLVM|CC)=/.test(word));
  const findings = await checkHost(plan.targets, {
    signal: options.signal,
    // The user's own compiler is the user's to have; packages of the guest may come from a folder.
    compilers: !own,
    userland: programsOn(plan.programs ?? [], HOST_TARGET).length > 0,
    archive: plan.guestDebs === undefined || plan.kernel === undefined || plan.kernel.startsWith('deb:'),
  });
  await provision(findings, options);
}

/** `--yes`, or nobody there to answer. */
export const wantsNoQuestion = (yes: unknown): boolean => yes === true || (process.env['CI'] ?? '') !== '';
