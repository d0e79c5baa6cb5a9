/** Runs one command of a build: its output into a log, its progress into events, its failure into an error that says why. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { diskError } from '../core/disk.ts';
import { MmapvetError } from '../core/errors.ts';
import { quoteCommand, run } from '../core/exec.ts';
import type { BuildCommand } from './commands.ts';
import type { KernelContext } from './context.ts';
import { diagnose, type Diagnosis } from './diagnostics.ts';

export interface MakeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folders that errors show paths relative to; the first one is written to. */
  readonly strip: readonly string[];
  /** Log file, in the context's folder; commands of one build share it. */
  readonly log: string;
  readonly onObject?: (object: string) => void;
  /** Makes the error of a failure. */
  readonly failure: (diagnosis: Diagnosis, log: string) => MmapvetError;
}

/** `  CC      mm/util.o`: what kbuild prints when it begins with one. */
export function parseObject(line: string): string | null {
  return /^\s+(?:CC|AS|HOSTCC)(?: \[M\])?\s+(\S+)$/.exec(line)?.[1] ?? null;
}

/** The end of the output is enough for a diagnosis; the log has it all. */
const KEPT_LINES = 5000;

export async function runMake(
  step: BuildCommand,
  options: MakeOptions,
  context: KernelContext,
): Promise<readonly string[]> {
  await mkdir(context.logFolder, { recursive: true });
  const logFile = join(context.logFolder, options.log);
  const log = createWriteStream(logFile, { flags: 'a' });
  // A log that can't be written must not hide how the build went.
  log.on('error', () => {});
  log.write(`$ ${quoteCommand(step.command)}\n`);
  const output: string[] = [];
  try {
    await run(step.command, {
      cwd: step.cwd,
      env: options.env,
      signal: context.signal,
      onLine: (line) => {
        log.write(`${line}\n`);
        output.push(line);
        if (output.length > 2 * KEPT_LINES) output.splice(0, KEPT_LINES);
        const object = parseObject(line);
        if (object !== null) options.onObject?.(object);
      },
    });
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof MmapvetError && error.code === 'EXEC_FAILED')
      throw diskError(options.failure(diagnose(output, options.strip), logFile), options.strip[0]);
    throw error;
  } finally {
    log.end();
    await finished(log).catch(() => {});
  }
  return output;
}
