/** `mmapvet diff RUN1 RUN2`: the cells whose outcome differs. Exit codes as diff(1): 0 none, 1 some, 2 nothing to compare. */
import { homedir } from 'node:os';
import { CATALOGUE } from '../../contract/catalogue.ts';
import { usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { diffLines } from '../../report/history/text.ts';
import { diffRuns } from '../../results/history/diff.ts';
import { readSide } from '../../results/history/diff-side.ts';
import { openHistoryIfAny } from '../../results/history/open.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

export async function diffCommand(
  args: readonly string[],
  values: Values,
  { screen }: CommandContext,
): Promise<number> {
  const [first, second, ...others] = args;
  if (first === undefined || second === undefined || others.length > 0)
    throw usageError('DIFF_TWO', `Two runs are needed, not ${args.length}.`, 'Run "mmapvet history" to see the runs.');
  using history = openHistoryIfAny();
  const before = readSide(first, history);
  const after = readSide(second, history);
  const diff = diffRuns(before, after);
  if (values['json'] === true) {
    const side = ({ name, kernel }: typeof before) => ({ name, kernel });
    screen.out(`${JSON.stringify({ version: 1, before: side(before), after: side(after), ...diff }, null, 2)}\n`);
  } else {
    const options = { catalogue: CATALOGUE, home: homedir(), paint: screen.style };
    screen.out(`${diffLines(diff, before, after, options).join('\n')}\n`);
  }
  if (diff.compared === 0) return EXIT.undecided;
  return diff.differing.length > 0 ? EXIT.bad : EXIT.good;
}
