/** What the commands that vet several kernels for one question have in common: their folder, progress and reports. */
import { appendFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CATALOGUE } from '../contract/catalogue.ts';
import { onCommand } from '../core/exec.ts';
import type { ReporterSpec } from '../report/parse-spec.ts';
import { createProgress } from '../report/progress.ts';
import {
  checkQuestionReporters,
  listWriter,
  questionReporters,
  type QuestionReportOptions,
} from '../report/question.ts';
import { checkRunFolder, createQuestionFolder } from '../results/store.ts';
import { loadConfig } from '../run/config-file.ts';
import { dryRun } from '../run/dry-run.ts';
import { provisionFor, wantsNoQuestion } from '../run/host.ts';
import { planRun, type RunPlan } from '../run/plan.ts';
import { readInputs, type Inputs } from '../run/prepare.ts';
import type { NamedReporter } from '../report/multiplexer.ts';
import type { VetContext } from '../vet/vet-kernel.ts';
import type { CommandContext } from './main.ts';
import { configOf, isVerbose, toolVersion, type Values } from './parse.ts';

export interface Question {
  readonly plan: RunPlan;
  readonly inputs: Inputs;
  readonly folder: string;
  readonly progress: (kernel: string) => NamedReporter;
  readonly context: VetContext;
}

/** A question's document. */
interface Answer {
  readonly exitCode: number;
}

/**
 * @param width columns of the widest kernel's name
 * @param check refuses inputs that leave nothing to ask
 * @returns the exit code
 */
export async function askQuestion<T extends Answer>(
  values: Values,
  { screen, signal }: CommandContext,
  question: {
    readonly width: number;
    readonly check: (inputs: Inputs) => void;
    readonly ask: (question: Question) => Promise<T>;
    readonly report: (answer: T, specs: readonly ReporterSpec[], options: QuestionReportOptions) => void;
  },
): Promise<number> {
  const plan = planRun(values, await loadConfig(process.cwd(), configOf(values)));
  const specs = questionReporters(values);
  if (values['dryRun'] === true) return dryRun(plan, screen);
  checkQuestionReporters(specs);
  if (plan.output !== undefined) checkRunFolder(plan.output);
  const inputs = await readInputs(plan, signal);
  question.check(inputs);
  await provisionFor(plan, { screen, yes: wantsNoQuestion(values['yes']), signal });
  const folder = createQuestionFolder(plan.output);
  const write = listWriter(specs, screen);
  const progress = createProgress({ write }, { screen, width: question.width });
  for (const text of inputs.notes) write(`  ${screen.style('yellow', '!')} ${text}\n`);
  onCommand((line) => {
    appendFileSync(join(folder, 'commands.txt'), `${line}\n`);
    if (isVerbose(values['verbose'])) screen.err(`$ ${line}\n`);
  });
  const context = { signal, command: ['mmapvet', ...process.argv.slice(2)], tool: `mmapvet ${toolVersion()}` };
  const answer = await question
    .ask({ plan, inputs, folder, progress: (kernel) => progress.of(kernel), context })
    .finally(() => progress.close());
  question.report(answer, specs, { screen, write, catalogue: CATALOGUE, home: homedir(), folder });
  return answer.exitCode;
}
