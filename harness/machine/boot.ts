/** Boots a guest, and another one where it was not the guest that came to grief but this host. */
import { MmapvetError } from '../core/errors.ts';
import { Guest, type BootLimits } from './guest.ts';
import { BOOT, type GuestRequest } from './start.ts';

/** Four boots with a wrong clock were seen among 127 on a busy host. */
export const BOOT_TRIES = 5;

/** Says nothing of the kernel: the clock came out wrong, QEMU stood still, or somebody ended it. */
export const isHostTrouble = (error: unknown): boolean =>
  error instanceof MmapvetError && ['GUEST_CLOCK', 'GUEST_STALLED', 'GUEST_KILLED'].includes(error.code);

/** Called with what ended a boot that is tried again. */
export type OnLost = (error: unknown) => void;

/** Why a guest is not ready; null for one that is. */
export const whyNotReady = (ready: Promise<void>): Promise<unknown> =>
  ready.then(
    () => null,
    (reason: unknown) => reason,
  );

/** @returns the guest; one that is not ready says why in `whenReady` */
export async function bootGuest(
  request: GuestRequest,
  limits: BootLimits,
  signal: AbortSignal,
  onLost: OnLost = () => {},
): Promise<Guest> {
  for (let tries = 1; ; tries += 1) {
    const guest = await Guest.start(request, BOOT, { signal, limitMs: limits.startMs });
    const error = await whyNotReady(guest.ready(limits, signal));
    if (!isHostTrouble(error) || tries >= BOOT_TRIES) return guest;
    onLost(error);
    await guest[Symbol.asyncDispose]();
  }
}
