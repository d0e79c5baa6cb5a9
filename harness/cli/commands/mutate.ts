/** `mmapvet mutate`: kernels with one mistake each, and the clauses that notice. */
import { join } from 'node:path';
import { PROJECT } from '../../core/paths.ts';
import { killsReport } from '../../report/kills/report.ts';
import { judgedByDefault, mutate, readMutants } from '../../vet/mutate.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';
import { askQuestion } from '../question.ts';

/** Room for the names of mutants. */
const WIDTH = 24;

/** @returns 1 where a mutant survives */
export async function mutateCommand(_: readonly string[], values: Values, context: CommandContext): Promise<number> {
  const everyClause = (values['clause'] as readonly string[]).length === 0;
  return askQuestion(values, context, {
    width: WIDTH,
    check: () => {},
    ask: async ({ plan, inputs, context: vetting, ...question }) => {
      const names = plan.patches.length > 0 ? plan.patches : [join(PROJECT, 'test/mutants')];
      const sound = { ...(everyClause ? judgedByDefault(plan) : plan), patches: [], confirm: 0 };
      const mutants = await readMutants(sound, names, vetting.signal);
      const soundInputs = { ...inputs, series: { patches: [], identity: [] } };
      const fresh = values['fresh'] === true;
      return mutate({ ...question, plan: sound, sound: soundInputs, mutants, fresh }, vetting);
    },
    report: killsReport,
  });
}
