/**
 * The one error shape: a stable code to search for, one sentence with the offending value quoted, a hint that starts
 * with a verb, the cause kept. `exit` is the process's exit code where the error ends it.
 */
import { EXIT } from './outcome.ts';

/** Who is to blame. `kernel` faults are verdicts, never errors; so only these two can be thrown. */
export type Blame = 'usage' | 'trouble';

export interface ErrorParts {
  readonly hint?: string;
  readonly cause?: unknown;
  readonly blame?: Blame;
  /** Lines that help: the compiler's output, the rejected hunk, the end of a log. */
  readonly details?: readonly string[];
}

export class MmapvetError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly blame: Blame;
  readonly details: readonly string[];

  constructor(code: string, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'MmapvetError';
    this.code = code;
    this.hint = parts.hint;
    this.blame = parts.blame ?? 'trouble';
    this.details = parts.details ?? [];
  }

  get exit(): number {
    return this.blame === 'usage' ? EXIT.usage : EXIT.undecided;
  }
}

/** Wrong flags, names or files that the user gave: exit 64, nothing on disk changed. */
export function usageError(code: string, message: string, hint?: string): MmapvetError {
  return new MmapvetError(code, message, { blame: 'usage', ...(hint === undefined ? {} : { hint }) });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
