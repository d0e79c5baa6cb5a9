/** The command line: the one place that turns errors into words and ends the process. */
import { diskError } from '../core/disk.ts';
import { MmapvetError } from '../core/errors.ts';
import { startLeash } from '../core/leash.ts';
import { EXIT } from '../core/outcome.ts';
import { createScreen, type Screen } from '../core/screen.ts';
import { interruptible, Interrupted } from '../run/interrupt.ts';
import { gitBisectStop } from '../run/git-bisect.ts';
import type { CommandName } from './options.ts';
import { isVerbose, parseAndRun, type Values } from './parse.ts';

export interface CommandContext {
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

type Command = (args: readonly string[], values: Values, context: CommandContext) => Promise<number>;

async function load(name: CommandName): Promise<Command> {
  switch (name) {
    case 'run':
      return (await import('./commands/run.ts')).runCommand;
    case 'compare':
      return (await import('./commands/compare.ts')).compareCommand;
    case 'mutate':
      return (await import('./commands/mutate.ts')).mutateCommand;
    case 'series':
      return (await import('./commands/series.ts')).seriesCommand;
    case 'shell':
      return (await import('./commands/shell.ts')).shellCommand;
    case 'probe':
      return (await import('./commands/probe.ts')).probeCommand;
    case 'bisect':
      return (await import('./commands/bisect.ts')).bisectCommand;
    case 'report':
      return (await import('./commands/report.ts')).reportCommand;
    case 'merge':
      return (await import('./commands/merge.ts')).mergeCommand;
    case 'submit':
      return (await import('./commands/submit.ts')).submitCommand;
    case 'list':
      return (await import('./commands/list.ts')).listCommand;
    case 'explain':
      return (await import('./commands/explain.ts')).explainCommand;
    case 'parse':
      return (await import('./commands/parse.ts')).parseCommand;
    case 'selftest':
      return (await import('./commands/selftest.ts')).selftestCommand;
    case 'doctor':
      return (await import('./commands/doctor.ts')).doctorCommand;
    case 'gc':
      return (await import('./commands/gc.ts')).gcCommand;
    case 'watch':
      return (await import('./commands/watch.ts')).watchCommand;
    case 'history':
      return (await import('./commands/history.ts')).historyCommand;
    case 'diff':
      return (await import('./commands/diff.ts')).diffCommand;
    case 'docs':
      return (await import('./commands/docs.ts')).docsCommand;
  }
}

function printError(screen: Screen, cause: unknown): number {
  const error = diskError(cause);
  if (error instanceof Interrupted) {
    screen.err(`${screen.style('yellow', 'Interrupted.')}\n`);
    return EXIT.interrupted;
  }
  if (!(error instanceof MmapvetError)) {
    screen.err(`${screen.style('red', 'mmapvet broke')}: ${error instanceof Error ? error.stack : String(error)}\n`);
    screen.err('This is a mistake of mmapvet: please report it with the lines above.\n');
    return EXIT.undecided;
  }
  screen.err(`${screen.style('red', 'error')} ${error.message} [${error.code}]\n`);
  for (const line of error.details) screen.err(`    ${line}\n`);
  if (error.hint !== undefined) screen.err(`${screen.style('cyan', 'hint')}  ${error.hint}\n`);
  return error.exit;
}

async function main(): Promise<number> {
  const leash = startLeash();
  const screen = createScreen(process.stdout, process.stderr);
  const { signal, dispose } = interruptible(screen, (exitCode) => process.exit(exitCode));
  let code: number = EXIT.good;
  try {
    await parseAndRun(
      process.argv.slice(2),
      async (name, args, values) => {
        if (isVerbose(values['verbose'])) {
          const { onCommand } = await import('../core/exec.ts');
          onCommand((command) => screen.err(`${screen.style('dim', `$ ${command}`)}\n`));
        }
        const command = await load(name);
        code = await command(args, values, { screen, signal });
      },
      screen.out,
    );
  } catch (error) {
    code = printError(screen, error);
  } finally {
    dispose();
  }
  await screen.flush();
  leash.release();
  return gitBisectStop(process.argv.slice(2), code);
}

process.exitCode = await main();
process.exit();
