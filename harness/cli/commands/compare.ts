/** `mmapvet compare`: a base and a patched kernel, a verdict per cell on what the patches did. */
import { usageError } from '../../core/errors.ts';
import { comparisonReport } from '../../report/compare/report.ts';
import { compareKernels, splitInputs } from '../../vet/compare.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';
import { askQuestion } from '../question.ts';

export async function compareCommand(
  args: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<number> {
  return askQuestion({ ...values, range: rangeOf(args, values) }, context, {
    width: 'patched'.length,
    check: splitInputs,
    ask: ({ inputs, context: vetting, ...question }) =>
      compareKernels(
        {
          ...question,
          inputs: splitInputs(inputs),
          allowRemoved: values['allowRemoved'] === true,
          fresh: values['fresh'] === true,
        },
        vetting,
      ),
    report: comparisonReport,
  });
}

/** `BASE..TIP` as an argument, or --range. */
function rangeOf(args: readonly string[], values: Values): string | undefined {
  const [range, ...others] = args;
  const given = values['range'];
  if (others.length > 0 || (range !== undefined && typeof given === 'string'))
    throw usageError(
      'COMPARE_RANGES',
      `One range of commits is compared, but "${[...args, ...(typeof given === 'string' ? [given] : [])].join('" and "')}" are given.`,
      'Write it like "mmapvet compare v7.3..topic".',
    );
  return range ?? (typeof given === 'string' ? given : undefined);
}
