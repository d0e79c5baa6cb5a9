/** What it takes to run one of the kernel's own test programs, wherever it runs, and what is kept of its words. */
import type { AllowEntry } from '../contract/allow.ts';
import type { Emit } from '../core/events.ts';
import { harmless, harmlessText } from '../probe/untrusted.ts';
import type { Pace } from './pace.ts';
import type { RunPlan } from './plan.ts';

/** What it takes to run programs on one target, or on this machine. */
export interface SuiteOptions {
  readonly plan: RunPlan;
  readonly target: string;
  readonly allow: readonly AllowEntry[];
  /** What time limits are stretched by. */
  readonly pace: Pace;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** In seconds. A program runs as long as twenty probes may: some of them are many tests, and emulated. */
export const limitOf = ({ plan, pace }: SuiteOptions): number =>
  Math.ceil(pace.stretch(plan.probeSeconds * 20_000) / 1000);

/** What a program said, for the evidence. A program of many words has its sum and its last ones at the end. */
export function filesOf(stdout: string, stderr: string): ReadonlyMap<string, string> {
  const texts = [
    ['stdout.txt', stdout],
    ['stderr.txt', stderr],
  ] as const;
  return new Map(
    texts
      .filter(([, text]) => text !== '')
      .map(([name, text]) => [name, harmlessText(text.slice(-SAID_BYTES)).trimEnd()]),
  );
}

const SAID_BYTES = 64 * 1024;

export const lastWords = (text: string): string => harmless(text.trim().split('\n').at(-1) ?? '', 200);
export const since = (began: number): number => Math.round(performance.now() - began);
