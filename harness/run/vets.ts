/** Who vets a target of a run, given what the run knows and where its results go. */
import type { Recorded } from '../contract/recorded.ts';
import type { Target } from '../core/arch.ts';
import type { Cell, Emit, Event } from '../core/events.ts';
import { repeatCommand } from '../report/repeat-command.ts';
import type { RunStore } from '../results/store.ts';
import { identityOf, keepEvidence, type Found } from './evidence.ts';
import type { GuestHook } from './guests.ts';
import type { KnownTrouble } from './known.ts';
import type { Pace } from './pace.ts';
import type { RunPlan } from './plan.ts';
import type { SessionHooks } from './session.ts';
import { SuiteVet } from './suite-vet.ts';
import { TargetVet } from './target.ts';

/** What is known of the kernel and of this host. */
export interface Facts {
  readonly recorded: Recorded;
  readonly known: KnownTrouble;
  readonly pace: Pace;
  /** All so far. */
  readonly events: readonly Event[];
}

export interface VetContext {
  /** What is still to be done on this target. */
  readonly plan: RunPlan;
  readonly store: RunStore;
  /** What the user typed. */
  readonly command: readonly string[];
  readonly signal: AbortSignal;
  readonly onIdle?: (target: string) => SessionHooks['onIdle'];
  readonly onGuest?: GuestHook;
}

export function targetVet(context: VetContext, target: Target, facts: Facts, emit: Emit): TargetVet {
  const { plan, store, signal, onGuest } = context;
  const onIdle = context.onIdle?.(target.name);
  return new TargetVet({
    ...facts,
    plan,
    target: target.name,
    consoleFile: (guest) => store.place(`${target.name}/console-${guest === 0 ? 'boot' : guest}.log`),
    durations: () => durationsOf(target.name, plan.profile.name),
    keepConfig: (text) => store.writeText(`${target.name}/kernel.config`, text),
    keepLcov: (text) => {
      store.writeText(`${target.name}/coverage.info`, text);
      return `${target.name}/coverage.info`;
    },
    keepEvidence: evidenceKeeper(context, facts),
    emit,
    signal,
    ...(onIdle === undefined ? {} : { onIdle }),
    ...(onGuest === undefined ? {} : { onGuest }),
  });
}

export function suiteVet(context: VetContext, target: string, facts: Facts, emit: Emit): SuiteVet {
  const { plan, store, signal } = context;
  return new SuiteVet({
    plan,
    target,
    consoleFile: (guest) => store.place(`${target}/console-${guest}.log`),
    allow: facts.known.entries,
    keepEvidence: evidenceKeeper(context, facts),
    pace: facts.pace,
    emit,
    signal,
  });
}

const evidenceKeeper =
  ({ store, command }: VetContext, { events }: Facts) =>
  (cell: Cell, found: Found): string | null =>
    keepEvidence(store, cell, found, identityOf(events, cell.target, found.guest), repeatCommand(command, cell));

/** A history that can't be read costs the order of the batches, no more. */
async function durationsOf(target: string, profile: string): Promise<ReadonlyMap<string, number>> {
  try {
    const { storedDurations } = await import('../results/history/durations.ts');
    return storedDurations(target, profile);
  } catch {
    return new Map();
  }
}
