/** A stage's events: start, progress, and an end however it ends. */
import type { Stage } from '../core/events.ts';
import { diskError } from '../core/disk.ts';
import { messageOf } from '../core/errors.ts';
import type { KernelContext } from './context.ts';

export interface StageHandle {
  progress(done: number, total: number | null, detail: string): void;
}

/** What the end says beside its time. */
export interface StageEnd<T> {
  readonly value: T;
  readonly reused?: boolean;
  readonly detail?: string;
}

export async function inStage<T>(
  stage: Stage,
  target: string | null,
  detail: string,
  context: Pick<KernelContext, 'emit'>,
  work: (handle: StageHandle) => Promise<StageEnd<T>>,
): Promise<T> {
  const began = performance.now();
  const end = (ok: boolean, reused: boolean, text: string): void =>
    context.emit({
      kind: 'stage-end',
      target,
      stage,
      ok,
      reused,
      durationMs: Math.round(performance.now() - began),
      detail: text,
    });
  context.emit({ kind: 'stage-start', target, stage, detail });
  try {
    const result = await work({
      progress: (done, total, text) =>
        context.emit({ kind: 'stage-progress', target, stage, done, total, detail: text }),
    });
    end(true, result.reused ?? false, result.detail ?? '');
    return result.value;
  } catch (error) {
    const told = diskError(error);
    end(false, false, messageOf(told));
    throw told;
  }
}
