/** `mmapvet selftest`: does a run see what breaks? Guests are broken on purpose, and its verdicts compared. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event } from '../../core/events.ts';
import { stateFolder } from '../../core/paths.ts';
import { createListReporter } from '../../report/list.ts';
import type { Reporter } from '../../report/reporter.ts';
import { checkRunFolder } from '../../results/store.ts';
import { loadConfig } from '../../run/config-file.ts';
import { dryRun } from '../../run/dry-run.ts';
import { provisionFor, wantsNoQuestion } from '../../run/host.ts';
import { planRun } from '../../run/plan.ts';
import { chooseScenarios } from '../../vet/selftest/choose.ts';
import { closingLines, countEndings, headerLine, resultLines, selftestExit } from '../../vet/selftest/report.ts';
import { runSelftest } from '../../vet/selftest/selftest.ts';
import type { CommandContext } from '../main.ts';
import { configOf, toolVersion, type Values } from '../parse.ts';

export async function selftestCommand(_: readonly string[], values: Values, context: CommandContext): Promise<number> {
  const { screen, signal } = context;
  const scenarios = chooseScenarios(values['scenario'] as readonly string[]);
  const plan = planRun(
    { ...values, clause: [], path: [], confirm: '0' },
    await loadConfig(process.cwd(), configOf(values)),
  );
  if (values['dryRun'] === true) return dryRun(plan, screen);
  const json = values['json'] === true;
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const folder = plan.output ?? join(stateFolder(), 'selftest', `${stamp}-${process.pid}`);
  checkRunFolder(folder);
  await provisionFor(plan, { screen, yes: wantsNoQuestion(values['yes']), signal });

  const say = (lines: readonly string[]): void =>
    (json ? screen.err : screen.out)(lines.map((line) => `${line}\n`).join(''));
  const width = Math.max(...plan.targets.map(({ name }) => name.length));
  const list = createListReporter({ write: screen.err }, { screen, catalogue: [], home: '' });
  const began = performance.now();
  let version = '';
  const results = await runSelftest(
    { plan, scenarios, repeats: plan.repeats, folder },
    {
      signal,
      command: ['mmapvet', 'run'],
      tool: `mmapvet ${toolVersion()}`,
      reporters: [{ name: 'list', reporter: onlyStages(list) }],
      onKernel: (kernel) => {
        version = kernel?.version ?? '';
        say([
          headerLine(
            version === '' ? 'no kernel' : `linux ${version}`,
            plan.targets.map(({ name }) => name),
            plan.profile.name,
            screen.style,
          ),
          '',
        ]);
      },
      onResult: (result) => say(resultLines(result, width, screen.style)),
    },
  );
  const durationMs = Math.round(performance.now() - began);
  const exitCode = selftestExit(results, signal.aborted);
  say(['', ...closingLines(results, durationMs)]);
  if (json) {
    const document = {
      version: 1,
      kernel: version,
      profile: plan.profile.name,
      exitCode,
      durationMs,
      counts: countEndings(results),
      results,
    };
    screen.out(
      `${JSON.stringify(document, (_key, value: unknown) => (value instanceof RegExp ? value.source : value), 2)}\n`,
    );
  }
  // The runs of scenarios that went as they should are of no more use.
  if (plan.output === undefined && exitCode === 0) await rm(folder, { recursive: true, force: true });
  return exitCode;
}

/** The control's cells are told as a scenario. */
const VERDICTS: readonly Event['kind'][] = ['run-start', 'cell-start', 'cell', 'run-end'];

/** What leads to the guests, and no more. */
function onlyStages(list: Reporter): Reporter {
  const finish = list.finish?.bind(list);
  return {
    onEvent(event) {
      if (!VERDICTS.includes(event.kind)) list.onEvent(event);
    },
    ...(finish === undefined ? {} : { finish }),
  };
}
