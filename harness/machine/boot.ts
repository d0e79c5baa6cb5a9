/** Boots a guest, and another one where its clock does not keep time. */
import { CLOCK_TRIES, isClockTrouble } from './clock.ts';
import { Guest, type BootLimits } from './guest.ts';
import { BOOT, type GuestRequest } from './start.ts';

/** @returns the guest; one that is not ready says why in `whenReady` */
export async function bootGuest(request: GuestRequest, limits: BootLimits, signal: AbortSignal): Promise<Guest> {
  for (let tries = 1; ; tries += 1) {
    const guest = await Guest.start(request, BOOT, { signal, limitMs: limits.startMs });
    const error: unknown = await guest.ready(limits, signal).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!isClockTrouble(error) || tries >= CLOCK_TRIES) return guest;
    await guest[Symbol.asyncDispose]();
  }
}
