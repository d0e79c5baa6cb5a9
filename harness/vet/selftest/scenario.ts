/** What a scenario of the self-test is: how a guest is broken, and the verdict that an ordinary run must then give. */
import type { Outcome } from '../../core/outcome.ts';
import type { FaultClass } from '../../probe/fault-classes.ts';

/** Whose fault a run says it was, by its exit code: 1 the kernel's, 2 ours (undecided), 0 nobody's. */
export const BLAMES = ['nobody', 'kernel', 'us'] as const;
export type Blame = (typeof BLAMES)[number];

/** What is done to a guest from outside, while the run goes on. */
export type Act =
  /** A shell line in the guest, over a connection of its own. */
  | { readonly kind: 'guest'; readonly script: string }
  | { readonly kind: 'qmp'; readonly command: string; readonly args?: Readonly<Record<string, unknown>> }
  /** SIGKILL for QEMU. */
  | { readonly kind: 'kill' };

/** `begin`: the first probe began; `verdicts`: the run has one for each cell; else a line of the console. */
export type Moment = 'begin' | 'verdicts' | RegExp;

/** How the first guest is broken; every later one is left alone. */
export interface Sabotage {
  /** More of the kernel's command line, for all guests. */
  readonly kernelArgs?: readonly string[];
  /** Shell lines in the guest before the run reaches it. */
  readonly before?: readonly string[];
  /** The driver's parameter `fault` (guest/driver/fault.c), set as the probes start. */
  readonly fault?: string;
  /** Shell lines in the probes' place; `"$PROBES" "$@"` are the true ones, which run by themselves after a `before`. */
  readonly probes?: readonly string[];
  readonly during?: readonly { readonly on: Moment; readonly act: Act }[];
}

export interface Expected {
  /** Of the first cell; all others must pass. */
  readonly outcome: Outcome;
  /** Of the first fault; null: none may be seen. */
  readonly class: FaultClass | null;
  /** The guilty one, where every target names the same. */
  readonly function?: string;
  readonly blame: Blame;
  /** Words that the verdict, or a note of the run, must have. */
  readonly says?: RegExp;
}

export interface Scenario {
  readonly name: string;
  /** One sentence: what happens. */
  readonly what: string;
  /** `timer`: a watchdog or a time limit has to run out. */
  readonly pace: 'quick' | 'timer';
  readonly sabotage: Sabotage;
  /** Cells such as `A01.direct`, in the order in which the probes run them; SABOTAGED and SPARED by default. */
  readonly cells?: readonly string[];
  /** Time limit of one probe, in seconds. */
  readonly probeSeconds?: number;
  /** Options that the kernel must have, without `CONFIG_`. */
  readonly needs?: readonly string[];
  readonly expected: Expected;
}

/** The cell that is hit: it asks the driver for a mapping at once. */
export const SABOTAGED = 'A01.direct';
/** The cell after it: it must pass, in the same guest or in a fresh one. */
export const SPARED = 'E02.direct';
