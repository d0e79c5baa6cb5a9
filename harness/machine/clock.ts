/**
 * Does a guest's clock keep time? Linux calibrates the x86_64 TSC against an emulated timer; on a busy host the result may
 * be ten times too low, and every time limit in the guest, and in all guests restored from it, is then too short. The
 * guest's clock is asked for twice. Each answer was given between question and receipt, so the rate has certain bounds:
 * a guest or a host that is late makes them wider, never wrong.
 */
export interface ClockStamp {
  /** Of the host, in ms: when it was asked, and when the answer came. */
  readonly askedMs: number;
  readonly cameMs: number;
  /** Of the guest, in ms. */
  readonly guestMs: number;
}

/** Guest seconds that pass in one second of the host: no less and no more than this. */
export interface ClockRate {
  readonly least: number;
  readonly most: number;
}

export function rateBetween(first: ClockStamp, second: ClockStamp): ClockRate {
  const guest = second.guestMs - first.guestMs;
  const shortest = Math.max(second.askedMs - first.cameMs, 0);
  return { least: guest / (second.cameMs - first.askedMs), most: shortest === 0 ? Infinity : guest / shortest };
}

/**
 * A calibration that works is right within one per cent; one that fails is wrong by far more than this. A clock that is
 * slow is none of that: somebody stopped the guest for a while, a debugger for example.
 */
const TOLERANCE = 0.1;

export const isTooFast = ({ least }: ClockRate): boolean => least > 1 + TOLERANCE;

/** Between the two questions: long beside the time that an answer takes. */
export const CLOCK_CHECK_MS = 200;
