/** What the self-test says: a line a scenario, a closing line, and the same as data. */
import { EXIT } from '../../core/outcome.ts';
import type { Screen } from '../../core/screen.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import { formatDuration } from '../../report/format.ts';
import type { Seen } from './compare.ts';
import type { Blame, Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Ending, ScenarioResult } from './selftest.ts';

type Style = Screen['style'];

const BLAME: Readonly<Record<Blame, string>> = {
  nobody: "nobody's fault",
  kernel: "the kernel's fault",
  us: "not the kernel's fault",
};

const NAME_WIDTH = Math.max(...SCENARIOS.map(({ name }) => name.length));
const TEXT_LIMIT = 90;

export function headerLine(kernel: string, targets: readonly string[], profile: string, style: Style): string {
  return [style('bold', 'mmapvet selftest'), style('bold', kernel), targets.join(' '), profile].join(
    style('dim', ' · '),
  );
}

const cut = (text: string): string => harmless(text, TEXT_LIMIT);

function seenText({ outcome, title, reason, blame }: Seen): string {
  const what = cut(title === '' ? reason : title);
  return `${outcome ?? 'no verdict'}${what === '' ? '' : `: ${what}`} · ${BLAME[blame]}`;
}

function signOf({ kind }: Ending, style: Style): string {
  switch (kind) {
    case 'right':
      return style('green', '✓');
    case 'wrong':
      return style('red', '✗');
    case 'not-applicable':
      return style('dim', '-');
    case 'broken':
      return style('yellow', '!');
  }
}

function textOf(ending: Ending): string {
  switch (ending.kind) {
    case 'right':
    case 'wrong':
      return seenText(ending.seen);
    case 'not-applicable':
      return `not applicable: ${cut(ending.reason)}`;
    case 'broken':
      return `the self-test broke: ${cut(ending.reason)}`;
  }
}

/** The lines of one scenario: one where all is well, the differences and the evidence below it where not. */
export function resultLines(result: ScenarioResult, targetWidth: number, style: Style): string[] {
  const { ending, scenario, target, repeat, durationMs, folder } = result;
  const name = `${scenario}${repeat > 1 ? ` #${repeat}` : ''}`.padEnd(NAME_WIDTH);
  const took = durationMs === 0 ? '' : `  ${style('dim', formatDuration(durationMs))}`;
  const line = `  ${signOf(ending, style)} ${target.padEnd(targetWidth)}  ${name}  ${textOf(ending)}${took}`;
  if (ending.kind === 'right' || ending.kind === 'not-applicable') return [line];
  const more = ending.kind === 'wrong' ? ending.differences : [];
  return [line, ...more.map((each) => `      ${cut(each)}`), `      evidence  ${folder}`];
}

export function countEndings(results: readonly ScenarioResult[]): Readonly<Record<Ending['kind'], number>> {
  const counts = { right: 0, wrong: 0, 'not-applicable': 0, broken: 0 };
  for (const { ending } of results) counts[ending.kind] += 1;
  return counts;
}

/** As `run`: 1 a wrong verdict, 2 one that could not be had, or nothing that was asked applies. */
export function selftestExit(results: readonly ScenarioResult[], interrupted: boolean): number {
  if (interrupted) return EXIT.interrupted;
  const counts = countEndings(results);
  if (counts.wrong > 0) return EXIT.bad;
  return counts.broken > 0 || counts.right === 0 ? EXIT.undecided : EXIT.good;
}

function paceWords(pace: Scenario['pace'], results: readonly ScenarioResult[]): string[] {
  const names = new Set(SCENARIOS.filter((scenario) => scenario.pace === pace).map(({ name }) => name));
  const asked = results.filter(({ scenario, ending }) => names.has(scenario) && ending.kind !== 'not-applicable');
  if (asked.length === 0) return [];
  const right = asked.filter(({ ending }) => ending.kind === 'right').length;
  return [`${pace === 'quick' ? 'quick' : 'timer-bound'} ${right} of ${asked.length}`];
}

export function closingLines(results: readonly ScenarioResult[], durationMs: number): string[] {
  const counts = countEndings(results);
  const parts = [
    [counts.right, 'as expected'],
    [counts.wrong, 'wrong'],
    [counts.broken, 'broken'],
    [counts['not-applicable'], 'not applicable'],
  ] as const;
  const targets = new Set(results.map(({ target }) => target)).size;
  const panics = results.flatMap(({ scenario, verdictMs }) =>
    scenario === 'panic' && verdictMs !== null ? [verdictMs] : [],
  );
  const hangs = results.flatMap(({ pastBudgetMs }) => (pastBudgetMs === null ? [] : [pastBudgetMs]));
  const figures = [
    ...paceWords('quick', results),
    ...paceWords('timer', results),
    ...(panics.length === 0 ? [] : [`panic to verdict ${formatDuration(Math.max(...panics))} at most`]),
    ...(hangs.length === 0 ? [] : [`hang to verdict ${formatDuration(Math.max(...hangs))} past the budget at most`]),
  ];
  const sum = parts.flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`])).join(', ');
  return [
    `  ${plural(targets, 'target')}, ${plural(results.length, 'scenario')}: ${sum}  ${formatDuration(durationMs)}`,
    ...(figures.length === 0 ? [] : [`  ${figures.join('; ')}`]),
  ];
}
