/** Verdicts of earlier runs in place of new ones, and those of this one for later. */
import type { AllowEntry } from '../contract/allow.ts';
import type { Emit, Event } from '../core/events.ts';
import type { RunStore } from '../results/store.ts';
import type { GuestHook } from './guests.ts';
import type { KernelOrigin } from './open-source.ts';
import type { RunPlan } from './plan.ts';
import type { Prepared } from './prepare.ts';
import type { Resume } from './resume.ts';
import { findVerdicts, keepVerdicts, settledCells, verdictsKey } from './verdict-store.ts';

/** Of an execution, what decides whether its verdicts are anybody else's. */
export interface Asked {
  readonly plan: RunPlan;
  readonly allow: readonly AllowEntry[];
  readonly store: RunStore;
  readonly origin: KernelOrigin;
  readonly onGuest?: GuestHook;
  readonly resume?: Resume;
  readonly reuse?: boolean;
}

/**
 * Whether somebody may ask the same again: not a part of what an earlier execution built, no probe of the user's own,
 * nothing done to the guests, and no verdict of an earlier run, that this code did not judge.
 */
export const isUsual = ({ plan, origin, onGuest, resume }: Asked): boolean =>
  origin.kind === 'inputs' && plan.own === null && onGuest === undefined && resume === undefined;

/** @returns whether there were verdicts to take */
export async function takeStored({ plan, allow, reuse }: Asked, ready: Prepared, emit: Emit): Promise<boolean> {
  if (reuse !== true || ready.kind !== 'built') return false;
  const stored = await findVerdicts(await verdictsKey(ready, plan, allow));
  if (stored === null) return false;
  const target = ready.target.name;
  const text = `The verdicts are those of ${stored.at.slice(0, 16).replace('T', ' ')} UTC: same kernel, image and cells.`;
  emit({ kind: 'note', target, level: 'info', code: VERDICTS_STORED, text });
  // Their evidence lies in another run's folder.
  for (const cell of stored.cells) emit({ kind: 'cell', cell: { ...cell, evidence: null } });
  return true;
}

/** The code of the note that says that nothing was run. */
export const VERDICTS_STORED = 'VERDICTS_STORED';

/** For the next one who asks the same. That they can't be kept is no reason for a run to fail. */
export async function keepSettled(
  { plan, allow, store }: Asked,
  events: readonly Event[],
  built: ReadonlyMap<string, Prepared>,
): Promise<void> {
  for (const [target, ready] of built) {
    const isStored = events.some(
      (event) => event.kind === 'note' && event.code === VERDICTS_STORED && event.target === target,
    );
    const cells = isStored ? null : settledCells(events, target, plan.checks.length);
    if (cells === null || ready.kind !== 'built') continue;
    const verdicts = { at: new Date().toISOString(), folder: store.folder, cells };
    // oxlint-disable-next-line no-await-in-loop -- two small files
    await verdictsKey(ready, plan, allow)
      .then((key) => keepVerdicts(key, verdicts))
      .catch(() => {});
  }
}
