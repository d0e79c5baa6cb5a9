/** `mmapvet report RUN`: a stored run in any format, as it would have been written live. */
import { homedir } from 'node:os';
import { CATALOGUE } from '../../contract/catalogue.ts';
import { messageOf } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { createReporters } from '../../report/create.ts';
import { createMultiplexer } from '../../report/multiplexer.ts';
import { parseReporters } from '../../report/parse-spec.ts';
import { checkQuestionReporters, fitting, listWriter } from '../../report/question.ts';
import { readQuestion } from '../../report/stored-question.ts';
import { findRun } from '../../results/find-run.ts';
import { readRun, replay } from '../../results/stored-run.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

/** Exit code 0 where the folder was whole and all reports were written, else 2; the run's own verdict is in the reports. */
export async function reportCommand(
  args: readonly string[],
  values: Values,
  { screen }: CommandContext,
): Promise<number> {
  const wanted = (values['reporter'] as readonly string[]).join(',');
  const specs = parseReporters(wanted === '' ? 'list' : wanted);
  const folder = findRun(args[0] ?? 'latest');
  const question = readQuestion(folder);
  if (question !== null) {
    const fit = fitting(specs);
    checkQuestionReporters(fit);
    question(fit, { screen, write: listWriter(fit, screen), catalogue: CATALOGUE, home: homedir(), folder });
    return EXIT.good;
  }
  // What is over needs no window that redraws itself.
  const still = { ...screen, live: false };
  const reporters = createMultiplexer(createReporters(specs, { screen: still, catalogue: CATALOGUE }));
  const run = readRun(folder);
  // The list has these among its lines.
  if (specs.every((spec) => spec.name !== 'list'))
    for (const problem of run.problems)
      screen.err(`${screen.style('yellow', 'note')}  The run folder is not whole: ${problem}.\n`);
  for (const event of replay(run)) reporters.onEvent(event);
  const failures = await reporters.finish();
  for (const { name, error } of failures)
    screen.err(`${screen.style('red', 'error')} The reporter "${name}" failed: ${messageOf(error)}\n`);
  return failures.length > 0 || run.problems.length > 0 ? EXIT.undecided : EXIT.good;
}
