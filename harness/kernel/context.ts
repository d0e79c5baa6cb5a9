/** What every step on the way to a kernel is handed. */
import type { Emit } from '../core/events.ts';

export interface KernelContext {
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Compile jobs at once. */
  readonly jobs: number;
  /** Where this run's logs go; made when needed. */
  readonly logFolder: string;
}

export function tell(context: Pick<KernelContext, 'emit'>, text: string, target: string | null = null): void {
  context.emit({ kind: 'note', target, level: 'info', text });
}
