/** Compares a host with what a run needs. Nothing is installed or changed, and nothing needs root. */
import type { Target } from '../core/arch.ts';
import { find } from './find.ts';
import { openKnownVersions, type KnownVersions } from './known-versions.ts';
import { machineFacts, type MachineFact } from './machine-facts.ts';
import { requirementsFor, type Requirement, type RequirementOptions } from './requirements.ts';
import { isAtLeast } from './version.ts';

/** `version` is null where none is asked for or the program does not say one. */
export type ToolFinding =
  | { readonly kind: 'ok'; readonly requirement: Requirement; readonly where: string; readonly version: string | null }
  | { readonly kind: 'missing'; readonly requirement: Requirement }
  | {
      readonly kind: 'old';
      readonly requirement: Requirement;
      readonly where: string;
      readonly version: string;
      readonly minimum: string;
    };

export type Finding = ToolFinding | MachineFact;

export type Lack = Extract<ToolFinding, { kind: 'missing' | 'old' }>;

export interface CheckOptions extends RequirementOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Everything that a run on these targets needs: tools first, then the machine itself. @throws the abort reason. */
export async function checkHost(targets: readonly Target[], options: CheckOptions = {}): Promise<Finding[]> {
  const [tools, facts] = await Promise.all([
    checkTools(requirementsFor(targets, options), options.signal),
    machineFacts(),
  ]);
  return [...tools, ...facts];
}

export async function checkTools(requirements: readonly Requirement[], signal?: AbortSignal): Promise<ToolFinding[]> {
  signal?.throwIfAborted();
  const versions = await openKnownVersions();
  const findings = await Promise.all(requirements.map((requirement) => checkTool(requirement, versions, signal)));
  await versions.save();
  return findings;
}

async function checkTool(
  requirement: Requirement,
  versions: KnownVersions,
  signal?: AbortSignal,
): Promise<ToolFinding> {
  const where = await find(requirement.find, signal);
  if (where === null) return { kind: 'missing', requirement };
  if (requirement.version === undefined) return { kind: 'ok', requirement, where, version: null };
  const version = await versions.of(where, requirement.version, signal);
  const { minimum } = requirement.version;
  if (version !== null && !isAtLeast(version, minimum)) return { kind: 'old', requirement, where, version, minimum };
  return { kind: 'ok', requirement, where, version };
}

/** What has to be installed before a run can do its work. */
export function lacksOf(findings: readonly Finding[]): Lack[] {
  return findings.filter((finding) => finding.kind === 'missing' || finding.kind === 'old');
}
