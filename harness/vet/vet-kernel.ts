/**
 * One kernel vetted as a part of a larger question (compare, series, bisect, coverage): a run without a terminal and without
 * a place in the history, whose results the question reads.
 */
import { readAllowFile } from '../contract/allow-file.ts';
import { createMultiplexer, type NamedReporter } from '../report/multiplexer.ts';
import { createRunStore } from '../results/store.ts';
import { execute, keptReporters, type Gates, type Outcome } from '../run/execute.ts';
import type { KernelOrigin } from '../run/open-source.ts';
import type { GuestHook } from '../run/guests.ts';
import type { Pace } from '../run/pace.ts';
import type { RunPlan } from '../run/plan.ts';
import { readInputs } from '../run/prepare.ts';

export interface VetRequest {
  /** What is run: `{ ...plan, checks, repeats: 3 }` asks the same of fewer cells. Its `output` is not looked at. */
  readonly plan: RunPlan;
  /** A new or empty folder for the run's files: below the question's own, since `latest` is not pointed at it. */
  readonly folder: string;
  /**
   * The kernel, where it is not what the plan names: other inputs (a commit, fewer patches), or what an earlier outcome
   * has built, which is only booted again.
   */
  readonly origin?: KernelOrigin;
  /** Fed with the run's events; none by default. `report.ktap`, `junit.xml` and `results.json` are written in any case. */
  readonly reporters?: readonly NamedReporter[];
  readonly onGuest?: GuestHook;
  /** Verdicts that were reached before on the very same kernel, image and cells will do. */
  readonly reuse?: boolean;
  /** Called once no target is left to build: the next kernel may begin, while guests of this one still run. */
  readonly onBuilt?: () => void;
  /** As in an execution. */
  readonly pace?: Pace;
}

/** The same for all kernels of a question. */
export interface VetContext {
  readonly signal: AbortSignal;
  /** What the user typed: commands that repeat a cell are made of it. */
  readonly command: readonly string[];
  /** `mmapvet 0.1.0`. */
  readonly tool: string;
  /** Where kernels are vetted side by side: createGates(plan), one for all. */
  readonly gates?: Gates;
}

/**
 * A kernel that does not build, does not boot or fails is an outcome, not an error: see its `results`, `exitCode` and, for
 * what broke, the notes in its `events`. So is an interrupt: `interrupted`.
 * @throws MmapvetError (usage) for inputs that are not what they should be, before anything is written; RUN_FOLDER…, FILE_WRITE
 */
export async function vetKernel(request: VetRequest, context: VetContext): Promise<Outcome> {
  const { plan, folder, reuse, onBuilt, onGuest, pace } = request;
  const { signal, command, tool, gates } = context;
  const origin = request.origin ?? { kind: 'inputs', inputs: await readInputs(plan, signal) };
  const allow = await readAllowFile(plan.allow);
  using store = createRunStore(undefined, { folder });
  const reporters = createMultiplexer([...(request.reporters ?? []), ...keptReporters(store, plan)]);
  return await execute({
    plan,
    origin,
    allow,
    store,
    reporters,
    command,
    tool,
    signal,
    ...(gates === undefined ? {} : { gates }),
    ...(onGuest === undefined ? {} : { onGuest }),
    ...(reuse === undefined ? {} : { reuse }),
    ...(onBuilt === undefined ? {} : { onBuilt }),
    ...(pace === undefined ? {} : { pace }),
  });
}
