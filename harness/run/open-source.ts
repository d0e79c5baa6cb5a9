/** What the targets of one execution are prepared from: a source, one build at a time, or what an earlier one has built. */
import type { Target } from '../core/arch.ts';
import { MmapvetError } from '../core/errors.ts';
import type { Emit, KernelIdentity } from '../core/events.ts';
import type { RunStore } from '../results/store.ts';
import { Gate } from './limits.ts';
import type { RunPlan } from './plan.ts';
import { prepareKernel, prepareTarget, prepareUserland, type Inputs, type Prepared } from './prepare.ts';
import type { Recorder } from './record.ts';
import type { Userland } from './suite-vet.ts';

/** Where the kernel comes from. */
export type KernelOrigin =
  | { readonly kind: 'inputs'; readonly inputs: Inputs }
  /** As an earlier execution left it: nothing is built, no source is touched. */
  | { readonly kind: 'built'; readonly kernel: KernelIdentity | null; readonly targets: ReadonlyMap<string, Prepared> };

/** What targets are prepared from; it may be disposed of as soon as all are. */
export interface OpenSource extends AsyncDisposable {
  prepare(target: Target): Promise<Prepared>;
  prepareUserland(): Promise<Userland>;
}

interface Opening {
  readonly plan: RunPlan;
  readonly origin: KernelOrigin;
  readonly store: RunStore;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Lets in one kernel's source with its builds. */
  readonly sources: Gate;
  readonly recorder: Recorder | null;
}

export async function openSource(opening: Opening): Promise<OpenSource> {
  const { plan, origin, store, emit, signal, sources, recorder } = opening;
  if (origin.kind === 'built') {
    if (origin.kernel !== null) emit({ kind: 'kernel', kernel: origin.kernel });
    return {
      prepare: async (target) => again(origin.targets, target, emit),
      prepareUserland: async () => ({ kernelVersion: origin.kernel?.version ?? '', build: null }),
      async [Symbol.asyncDispose]() {},
    };
  }
  await using stack = new AsyncDisposableStack();
  stack.use(await sources.enter());
  signal.throwIfAborted();
  const kernel = stack.use(await prepareKernel(plan, origin.inputs, { emit, signal, logFolder: store.place('logs') }));
  await recorder?.locate(kernel);
  const building = new Gate(1);
  const opened = stack.move();
  return {
    prepare: (target) => building.hold(() => prepareTarget(kernel, target)),
    prepareUserland: () => building.hold(() => prepareUserland(kernel)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** @throws MmapvetError NOT_BUILT */
function again(targets: ReadonlyMap<string, Prepared>, target: Target, emit: Emit): Prepared {
  const prepared = targets.get(target.name);
  if (prepared === undefined)
    throw new MmapvetError('NOT_BUILT', `There is no build for ${target.name} to vet again.`, {
      hint: 'See why it did not build.',
    });
  if (prepared.kind === 'built') emit({ kind: 'build', build: { ...prepared.build.identity, reused: true } });
  return prepared;
}
