/** `mmapvet series`: each patch in turn, a table of patches against clause groups. */
import { seriesReport } from '../../report/series/report.ts';
import { stepName, stepsOf, vetSeries } from '../../vet/series.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';
import { askQuestion } from '../question.ts';

/** Room for the names of so many patches. */
const WIDTH = stepName(99).length;

export async function seriesCommand(_: readonly string[], values: Values, context: CommandContext): Promise<number> {
  return askQuestion(values, context, {
    width: WIDTH,
    check: stepsOf,
    ask: ({ inputs, context: vetting, ...question }) =>
      vetSeries(
        {
          ...question,
          steps: stepsOf(inputs),
          firstFailure: values['firstFailure'] === true,
          fresh: values['fresh'] === true,
        },
        vetting,
      ),
    report: seriesReport,
  });
}
