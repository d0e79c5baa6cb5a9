/**
 * The one place that starts programs. Every child dies with us, even when we are killed: `setpriv --pdeathsig` asks the
 * kernel for that, so it holds without any code of ours running.
 */
import { execa, ExecaError, type Options } from 'execa';
import { MmapvetError } from './errors.ts';

export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  /** Called with each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** The error's hint when the program fails or is missing. */
  readonly hint?: string;
  /** Output as byte strings, one character a byte, the last line feed included. */
  readonly bytes?: boolean;
  /** Exit codes that are no error. */
  readonly allow?: readonly number[];
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** `make 'A=b c'`: a command as a shell would take it, for logs, `--dry-run` and errors. */
export function quoteCommand(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** Told of each command before it starts; `-v` prints them. */
export type CommandLog = (command: string) => void;
let commandLog: CommandLog = () => {};
export function onCommand(log: CommandLog): void {
  commandLog = log;
}

/** A child that is killed with the harness. The caller must await it or keep it in a disposable. */
export function spawn(command: readonly [string, ...string[]], options: Options = {}) {
  commandLog(quoteCommand(command));
  return execa('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    stdin: 'ignore',
    forceKillAfterDelay: 5000,
    ...options,
  });
}

/**
 * Runs a program to its end.
 * @throws MmapvetError EXEC_MISSING, EXEC_FAILED, EXEC_TIMEOUT; the abort reason when `signal` fires.
 */
export async function run(command: readonly [string, ...string[]], options: ExecOptions = {}): Promise<ExecResult> {
  const child = spawn(command, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.input === undefined ? {} : { input: options.input, stdin: 'pipe' }),
    ...(options.bytes === true ? { encoding: 'latin1', stripFinalNewline: false } : {}),
    maxBuffer: 64 * 1024 * 1024,
  });
  const reading =
    options.onLine === undefined
      ? []
      : (['stdout', 'stderr'] as const).map(async (stream) => {
          for await (const line of child.iterable({ from: stream })) options.onLine?.(String(line), stream);
        });
  try {
    const [result] = await Promise.all([child, ...reading]);
    return { stdout: String(result.stdout), stderr: String(result.stderr), exitCode: 0 };
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    return settle(command, error, options);
  }
}

function settle(command: readonly string[], error: ExecaError, options: ExecOptions): ExecResult {
  options.signal?.throwIfAborted();
  const shown = quoteCommand(command);
  const stderr = String(error.stderr ?? '');
  const parts = { cause: error, ...(options.hint === undefined ? {} : { hint: options.hint }) };
  if (error.timedOut)
    throw new MmapvetError('EXEC_TIMEOUT', `"${shown}" took longer than ${options.timeoutMs} ms.`, parts);
  // setpriv exits with 127 when it can't find the program.
  if (error.exitCode === 127 && stderr.includes('setpriv: failed to execute'))
    throw new MmapvetError('EXEC_MISSING', `The program "${command[0]}" is not installed.`, {
      hint: 'Run "mmapvet doctor" to see what is missing.',
      ...parts,
    });
  if (error.exitCode !== undefined && options.allow?.includes(error.exitCode))
    return { stdout: String(error.stdout ?? ''), stderr, exitCode: error.exitCode };
  const how = error.signal === undefined ? `exited with ${error.exitCode}` : `was ended by ${error.signal}`;
  const last = stderr.trimEnd().split('\n').slice(-10);
  throw new MmapvetError('EXEC_FAILED', `"${shown}" ${how}.`, {
    ...parts,
    details: last.filter((line) => line !== ''),
  });
}
