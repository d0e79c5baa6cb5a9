/** `mmapvet bisect --good A --bad B --clause E02`: the commit that broke it. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { usageError } from '../../core/errors.ts';
import { onCommand } from '../../core/exec.ts';
import { takeLock } from '../../core/lock.ts';
import { EXIT } from '../../core/outcome.ts';
import { keyOf } from '../../kernel/cache.ts';
import { openLine, type Line } from '../../kernel/line.ts';
import { readSeries } from '../../kernel/series.ts';
import { writeFileAtomic } from '../../results/atomic.ts';
import { loadConfig } from '../../run/config-file.ts';
import { dryRun } from '../../run/dry-run.ts';
import { provisionFor, wantsNoQuestion } from '../../run/host.ts';
import { planRun, type RunPlan } from '../../run/plan.ts';
import { findGitTree, requireCachePath } from '../../run/prepare.ts';
import { cellName } from '../../run/tally.ts';
import { bisect, type BisectResult } from '../../vet/bisect/bisect.ts';
import { testCommit } from '../../vet/bisect/kernel.ts';
import { bisectFolder, openLog } from '../../vet/bisect/log.ts';
import { gitLog, resultJson, resultLines } from '../../vet/bisect/report.ts';
import { createTeller } from '../../vet/bisect/tell.ts';
import type { CommandContext } from '../main.ts';
import { configOf, isVerbose, toolVersion, type Values } from '../parse.ts';

/** A kernel is run so often where the fault is a steady one. */
const RUNS = '3';

export async function bisectCommand(_: readonly string[], values: Values, context: CommandContext): Promise<number> {
  const { screen, signal } = context;
  const plan = planBisect(values, await loadConfig(process.cwd(), configOf(values)));
  const { good, bad } = endsOf(values);
  if (values['dryRun'] === true) return dryRun(plan, screen);
  requireCachePath();
  const { folder: tree, notes } = await findGitTree(plan.kernel, 'bisect', signal);
  await using line = await openLine(tree, good, bad, signal);
  const patches = await readSeries(plan.patches, process.cwd(), signal);
  await provisionFor(plan, { screen, yes: wantsNoQuestion(values['yes']), signal });

  const command = ['mmapvet', ...process.argv.slice(2)];
  const folder = bisectFolder(
    questionId(
      line,
      plan,
      patches.identity.map(({ sha256 }) => sha256),
    ),
  );
  await using _lock = await takeLock(join(folder, 'lock'), {
    signal,
    onWait: (pid) => screen.err(`Waiting for process ${pid}, which bisects the same.\n`),
  });
  if (isVerbose(values['verbose'])) onCommand((each) => screen.err(`$ ${each}\n`));
  const log = openLog(folder, values['restart'] === true);
  const json = values['json'] === true;
  const tell = createTeller({ ...screen, out: json ? screen.err : screen.out });
  for (const text of notes) tell.note(text);
  tell.head(plan, line, log.steps.length, await line.candidates(line.bad.commit, [line.good.commit]));
  log.add({ kind: 'begin', at: new Date().toISOString(), command, good: line.good.commit, bad: line.bad.commit });
  let result: BisectResult;
  try {
    const vetting = { signal, command, tool: `mmapvet ${toolVersion()}` };
    result = await bisect({ line, plan, patches, log, tell, test: (question) => testCommit(question, vetting) });
  } catch (error) {
    tell.close();
    if (signal.aborted) screen.err('What is known is kept: the same command goes on from there.\n');
    throw error;
  }
  tell.close();
  log.add({ kind: 'end', at: new Date().toISOString(), suspects: result.suspects.map(({ commit }) => commit) });
  const replay = join(folder, 'git-bisect.log');
  writeFileAtomic(replay, await gitLog(result, line));
  if (json) screen.out(`${JSON.stringify(await resultJson(result, line, folder), null, 2)}\n`);
  else screen.out((await resultLines(result, { line, plan, command, folder, replay }, screen)).join('\n') + '\n');
  return result.suspects.length === 1 ? EXIT.good : EXIT.undecided;
}

function planBisect(values: Values, config: Awaited<ReturnType<typeof loadConfig>>): RunPlan {
  const plan = planRun({ ...values, repeat: values['repeat'] ?? RUNS }, config);
  if ((values['clause'] as readonly string[]).length === 0)
    throw usageError(
      'BISECT_CLAUSE',
      'Bisect needs a clause to go by.',
      'Say which one with --clause, such as --clause E02.',
    );
  if (plan.range !== undefined)
    throw usageError(
      'BISECT_RANGE',
      `"${plan.kernel}" has a range of commits of its own.`,
      'Give the ends with --good and --bad, and a tree with --kernel.',
    );
  // Every run is on a fresh guest as it is, and there is no limit on how often one is repeated but our own.
  return { ...plan, confirm: 0, isolate: 'group' };
}

function endsOf(values: Values): { readonly good: string; readonly bad: string } {
  const { good, bad = 'HEAD' } = values;
  if (typeof good !== 'string')
    throw usageError(
      'BISECT_GOOD',
      'Bisect needs a commit in which the clause holds.',
      'Give it with --good, such as --good v7.3.',
    );
  return { good, bad: String(bad) };
}

/** Who asks the same again goes on with the same log. */
function questionId({ tree, good, bad }: Line, plan: RunPlan, patches: readonly string[]): string {
  const { checks, targets, profile, kconfigAdd, kconfig = '', makeOptions, crossCompile = '', driver = '' } = plan;
  return keyOf(
    'bisect',
    realpathSync(tree),
    good.commit,
    bad.commit,
    checks.map(({ clause, path }) => cellName(clause.id, path)),
    targets.map(({ name }) => name),
    [profile.name, ...profile.fragments, ...kconfigAdd, kconfig],
    [...makeOptions, crossCompile, driver],
    patches,
  );
}
