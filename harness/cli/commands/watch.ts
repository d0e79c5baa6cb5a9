/** `mmapvet watch`: a run, and another one after each edit, of what the edit affects. */
import { join } from 'node:path';
import { usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { GUEST } from '../../core/paths.ts';
import { parseKernelSpec } from '../../kernel/spec.ts';
import { parseReporters } from '../../report/parse-spec.ts';
import { loadConfig } from '../../run/config-file.ts';
import { provisionFor, wantsNoQuestion } from '../../run/host.ts';
import { planRun, type RunPlan } from '../../run/plan.ts';
import { executeRun } from '../../run/run.ts';
import { affectedBy, nextEdits, type Edit, type Watched } from '../../run/watch.ts';
import type { CommandContext } from '../main.ts';
import { configOf, isVerbose, toolVersion, type Values } from '../parse.ts';

/** @returns the last run's exit code, once Ctrl+C ends it */
export async function watchCommand(_: readonly string[], values: Values, context: CommandContext): Promise<number> {
  const { screen, signal } = context;
  const plan = planRun(values, await loadConfig(process.cwd(), configOf(values)));
  if (!screen.live)
    throw usageError('NO_TERMINAL', '"mmapvet watch" is for a terminal, and this is none.', 'Use "mmapvet run".');
  await provisionFor(plan, { screen, yes: wantsNoQuestion(values['yes']), signal });
  const watched = watchedBy(plan);
  let checks = plan.checks;
  for (;;) {
    // From now on, so that an edit during the run is seen.
    const edits = nextEdits(watched, signal);
    const code = await executeRun({ ...plan, checks, output: undefined }, runContext(values, context));
    if (signal.aborted) return code;
    screen.out(
      `\n${screen.style('dim', `watching ${watched.map(({ folder }) => folder).join(', ')}; Ctrl+C ends it`)}\n`,
    );
    const made = await edits;
    if (signal.aborted) return EXIT.interrupted;
    checks = affectedBy(made, plan.checks);
    if (checks.length === 0) checks = plan.checks;
    screen.out(`\n${screen.style('bold', describe(made))}\n\n`);
  }
}

const runContext = (values: Values, { screen, signal }: CommandContext) => {
  const wanted = (values['reporter'] as readonly string[]).join(',');
  return {
    screen,
    signal,
    reporters: parseReporters(wanted === '' ? 'list' : wanted),
    command: ['mmapvet', 'run', ...process.argv.slice(3)],
    tool: `mmapvet ${toolVersion()}`,
    verbose: isVerbose(values['verbose']),
  };
};

/** All that a run is made of and that an editor may change. */
function watchedBy(plan: RunPlan): Watched[] {
  const spec = parseKernelSpec(plan.kernel, process.cwd());
  return [
    ...(plan.buildDir === undefined && spec.kind === 'tree' ? [{ folder: spec.folder, kind: 'tree' } as const] : []),
    ...plan.patches.map((folder) => ({ folder, kind: 'patches' }) as const),
    { folder: plan.driver ?? join(GUEST, 'driver'), kind: 'driver' },
    { folder: join(GUEST, 'probes'), kind: 'probes' },
  ];
}

function describe(edits: readonly Edit[]): string {
  const files = [...new Set(edits.map(({ file }) => file))];
  return `edited: ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`;
}
