/** Which scenarios are asked for. */
import { usageError } from '../../core/errors.ts';
import { suggestHint } from '../../core/suggest.ts';
import { globToRegExp } from '../../core/words.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * @param globs names, or globs of them, several with commas; none means all
 * @throws MmapvetError (usage) SCENARIO_UNKNOWN
 */
export function chooseScenarios(globs: readonly string[]): readonly Scenario[] {
  const wanted = globs.flatMap((glob) => glob.split(',')).filter(Boolean);
  if (wanted.length === 0) return SCENARIOS;
  const names = SCENARIOS.map(({ name }) => name);
  const patterns = wanted.map((glob) => {
    const pattern = globToRegExp(glob);
    if (names.some((name) => pattern.test(name))) return pattern;
    throw usageError('SCENARIO_UNKNOWN', `There is no scenario "${glob}".`, suggestHint(glob, names, 'scenarios'));
  });
  return SCENARIOS.filter(({ name }) => patterns.some((pattern) => pattern.test(name)));
}
