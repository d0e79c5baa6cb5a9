/** `mmapvet run`: a verdict for each cell. */
import { CATALOGUE } from '../../contract/catalogue.ts';
import { HOST_TARGET, programsOn } from '../../contract/suites.ts';
import { messageOf } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { formatBytes } from '../../core/words.ts';
import { checkReporters } from '../../report/create.ts';
import { parseReporters, type ReporterSpec } from '../../report/parse-spec.ts';
import { checkRunFolder } from '../../results/store.ts';
import { provisionFor, wantsNoQuestion } from '../../run/host.ts';
import { dryRun } from '../../run/dry-run.ts';
import type { Config } from '../../run/config.ts';
import { loadConfig } from '../../run/config-file.ts';
import { planRun, type RunPlan } from '../../run/plan.ts';
import { restOf, type Resume } from '../../run/resume.ts';
import { executeRun } from '../../run/run.ts';
import type { SessionHooks } from '../../run/session.ts';
import type { CommandContext } from '../main.ts';
import type { Resumed } from '../resume.ts';
import { configOf, isVerbose, toolVersion, type Values } from '../parse.ts';

export async function runCommand(_: readonly string[], values: Values, context: CommandContext): Promise<number> {
  const { screen } = context;
  const { plan, config, resumed } = await planOf(values, context);
  const reporters = reportersOf(values);
  if (values['list'] === true) return listCells(plan, resumed?.resume, context);

  if (values['dryRun'] === true) return dryRun(plan, screen);
  await readyFor(plan, reporters, values, context);
  return vet(plan, config, reporters, values, context, resumed);
}

interface Planned {
  readonly plan: RunPlan;
  readonly config: Config;
  readonly resumed?: Resumed;
}

async function planOf(values: Values, { signal }: CommandContext): Promise<Planned> {
  const run = values['resume'];
  if (typeof run === 'string') {
    const { resumeRun } = await import('../resume.ts');
    const resumed = await resumeRun(run, process.argv.slice(2), signal);
    return { ...resumed, resumed };
  }
  const config = await loadConfig(process.cwd(), configOf(values));
  return { plan: planRun(values, config), config };
}

/** What `--reporter` and `--json` ask for. @throws MmapvetError as parseReporters */
export function reportersOf(values: Values): readonly ReporterSpec[] {
  const wanted = (values['reporter'] as readonly string[]).join(',');
  const json = values['json'] === true ? ',json' : '';
  return parseReporters(`${wanted === '' ? 'list' : wanted}${json}`);
}

/** All that can be told before work begins, and the tools that it needs. */
export async function readyFor(
  plan: RunPlan,
  reporters: readonly ReporterSpec[],
  values: Values,
  { screen, signal }: CommandContext,
): Promise<void> {
  // Before a question is asked or a package installed.
  checkReporters(reporters);
  if (plan.output !== undefined) checkRunFolder(plan.output);
  await provisionFor(plan, { screen, yes: wantsNoQuestion(values['yes']), signal });
}

export async function vet(
  plan: RunPlan,
  config: Config,
  reporters: readonly ReporterSpec[],
  values: Values,
  context: CommandContext,
  resumed?: Resumed,
): Promise<number> {
  const { screen, signal } = context;
  const code = await executeRun(plan, {
    screen,
    signal,
    reporters,
    command: resumed?.resume.command ?? ['mmapvet', ...process.argv.slice(2)],
    tool: `mmapvet ${toolVersion()}`,
    verbose: isVerbose(values['verbose']),
    gitBisect: values['gitBisect'] === true,
    ...(resumed === undefined ? {} : { resumed }),
    ...(plan.keepGuest ? { onIdle: (target) => keepGuest(target, context) } : {}),
  });
  if (config.cacheMax !== undefined && !signal.aborted) await keepCacheBelow(config.cacheMax, context);
  return code;
}

/** The cap of the config file; a cache that can't be cleaned is no reason to fail a run that is over. */
async function keepCacheBelow(max: number, { screen }: CommandContext): Promise<void> {
  try {
    const { chooseVictims, measureCache, removeEntries } = await import('../../kernel/gc.ts');
    const gone = await removeEntries(chooseVictims(await measureCache(), max));
    const bytes = gone.reduce((sum, entry) => sum + entry.bytes, 0);
    if (gone.length > 0) screen.err(`The cache was over its cacheMax: ${formatBytes(bytes)} removed.\n`);
  } catch (error) {
    screen.err(`${screen.style('yellow', 'note')}  The cache could not be cleaned up: ${messageOf(error)}\n`);
  }
}

function listCells(whole: RunPlan, resume: Resume | undefined, { screen }: CommandContext): number {
  const groupOf = new Map(CATALOGUE.flatMap((group) => group.clauses.map((clause) => [clause, group.name] as const)));
  for (const target of whole.targets)
    for (const { clause, path } of restOf(whole, resume, target.name).checks)
      screen.out(
        `${target.name}  ${clause.id}.${path.padEnd(6)}  ${(groupOf.get(clause) ?? '').padEnd(12)}  ${clause.title}\n`,
      );
  for (const name of [...whole.targets.map((target) => target.name), HOST_TARGET])
    for (const { suite, name: program, title } of programsOn(restOf(whole, resume, name).programs, name))
      screen.out(`${name}  ${suite}.${program}  ${title}\n`);
  return EXIT.good;
}

/** Says how to get in, and waits for Ctrl+C. */
function keepGuest(target: string, { screen, signal }: CommandContext): SessionHooks['onIdle'] {
  return async (guest) => {
    await using key = await guest.writeClientKey();
    screen.err(`${target}: the guest is kept; Ctrl+C ends it. Log in with:\n  ${guest.sshCommand(key.path)}\n`);
    const stopped = new Promise<void>((done) => {
      if (signal.aborted) done();
      signal.addEventListener('abort', () => done(), { once: true });
    });
    await Promise.race([stopped, guest.exited]);
  };
}
