/** `mmapvet shell [--target T] [-- CMD]`: a booted guest with the driver loaded. */
import { TARGETS, type Target } from '../../core/arch.ts';
import { usageError } from '../../core/errors.ts';
import { quoteCommand } from '../../core/exec.ts';
import { EXIT } from '../../core/outcome.ts';
import { attachTerminal, terminalSize } from '../../core/terminal.ts';
import { debuggerGoesOn } from '../../machine/gdb.ts';
import { createListReporter } from '../../report/list.ts';
import { provisionFor, wantsNoQuestion } from '../../run/host.ts';
import { loadConfig } from '../../run/config-file.ts';
import { dryRun } from '../../run/dry-run.ts';
import { debuggerFor } from '../../run/debugger.ts';
import { openGuest, type OpenGuest } from '../../run/open-guest.ts';
import { planBuild } from '../../run/plan.ts';
import { createSink } from '../../run/sink.ts';
import type { CommandContext } from '../main.ts';
import { configOf, type Values } from '../parse.ts';

/** One command in a guest may take this long. */
const DAY_MS = 24 * 3600 * 1000;

export async function shellCommand(args: readonly string[], values: Values, context: CommandContext): Promise<number> {
  const { screen, signal } = context;
  const plan = planBuild({ ...values, target: targetsOf(values) }, await loadConfig(process.cwd(), configOf(values)));
  const [target] = plan.targets;
  if (target === undefined || plan.targets.length !== 1)
    throw usageError(
      'SHELL_TARGET',
      `A shell is in one guest, but ${plan.targets.length} targets are asked for.`,
      'Give one --target.',
    );
  if (values['dryRun'] === true) return dryRun(plan, screen);
  await provisionFor(plan, { screen, yes: wantsNoQuestion(values['yes']), signal });

  // What leads to the guest goes to stderr: stdout is the command's.
  const list = createListReporter({ write: screen.err }, { screen, catalogue: [], home: '' });
  const sink = createSink((event) => list.onEvent(event));
  const gdb = values['gdb'] === true;
  await using open = await openGuest(plan, target, sink.emit, signal, { gdb });
  // Its window must not redraw over the shell.
  await list.finish?.();
  if (gdb && !(await offerDebugger(open, target, args.length > 0, context))) return EXIT.undecided;
  if (args.length > 0) return await runOne(open.connection, args, context);
  const channel = await open.connection.shell(terminalSize(), process.env['TERM'] ?? 'vt100');
  await attachTerminal(channel);
  return EXIT.good;
}

/** A command waits for the debugger; a shell is there at once. @returns false where the guest ended meanwhile */
async function offerDebugger(
  open: OpenGuest,
  target: Target,
  waits: boolean,
  { screen, signal }: CommandContext,
): Promise<boolean> {
  const { line, notes } = await debuggerFor(open, target, signal);
  for (const note of notes) screen.err(`${screen.style('yellow', 'note')}  ${note}\n`);
  screen.err(`In another terminal:\n\n  ${line}\n\n`);
  if (!waits) return true;
  screen.err('The command starts when the debugger lets the guest go on ("continue").\n');
  if (await debuggerGoesOn(open.guest, signal)) return true;
  screen.err('The guest ended before a debugger came.\n');
  return false;
}

/** The host's own architecture by default: the one that may run under KVM. */
function targetsOf(values: Values): readonly string[] {
  const given = [...((values['target'] as readonly string[]) ?? []), ...((values['arch'] as readonly string[]) ?? [])];
  const own = TARGETS.find((target) => target.arch.nodeArch === process.arch);
  return given.length > 0 || own === undefined ? given : [own.name];
}

/** Several words are quoted one by one; one word is a shell line, as ssh would take it. */
async function runOne(
  connection: Awaited<ReturnType<typeof openGuest>>['connection'],
  args: readonly string[],
  { screen, signal }: CommandContext,
): Promise<number> {
  const command = args.length === 1 ? (args[0] ?? '') : quoteCommand(args);
  const { end, stderr } = await connection.exec({
    command,
    timeoutMs: DAY_MS,
    signal,
    keep: 1 << 20,
    onStdout: screen.out,
  });
  screen.err(stderr);
  if (end.kind === 'exit') return end.code;
  screen.err(`The command did not end in order: ${end.kind === 'lost' ? end.why : end.kind}\n`);
  return EXIT.undecided;
}
