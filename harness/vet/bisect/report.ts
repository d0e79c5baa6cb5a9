/** What a bisection found: for people, for programs, and for git. */
import type { Screen } from '../../core/screen.ts';
import { quoteCommand } from '../../core/exec.ts';
import { plural } from '../../core/words.ts';
import { shortId, type Commit, type Line } from '../../kernel/line.ts';
import { harmless } from '../../probe/untrusted.ts';
import type { RunPlan } from '../../run/plan.ts';
import type { BisectResult } from './bisect.ts';
import type { Step } from './log.ts';
import { percent } from './odds.ts';

export const BISECT_VERSION = 1;

export interface ReportPlaces {
  readonly line: Line;
  readonly plan: RunPlan;
  readonly command: readonly string[];
  readonly folder: string;
  /** For `git bisect replay`. */
  readonly replay: string;
}

const MOST_FILES = 8;

export async function resultLines(
  result: BisectResult,
  { line, plan, folder, replay }: ReportPlaces,
  { style }: Pick<Screen, 'style'>,
): Promise<string[]> {
  const row = (name: string, text: string): string => `  ${style('dim', name.padEnd(12))} ${text}`;
  const { suspects, steps } = result;
  const culprit = suspects.at(-1)!;
  const head =
    suspects.length === 1
      ? [style('bold', `${shortId(culprit.commit)} is the first bad commit`), ...commitLines(culprit)]
      : [
          style('bold', `The first bad commit is one of ${suspects.length}: those between could not be judged`),
          ...suspects.flatMap((commit) => [`  ${shortId(commit.commit)}  ${harmless(commit.subject)}`]),
        ];
  const files = suspects.length === 1 ? await line.filesOf(culprit.commit) : [];
  const more = files.length > MOST_FILES ? ` and ${files.length - MOST_FILES} more` : '';
  const clauses = [...new Set(result.shown.map(({ name }) => name.split('.')[0] ?? ''))];
  const targets = [...new Set(result.shown.map(({ name }) => name.split(' ')[1] ?? ''))];
  const again = ['mmapvet', 'run', '--kernel', line.tree, '--range', `${culprit.commit}^..${culprit.commit}`];
  const options = [...targets.flatMap((name) => ['--target', name]), ...clauses.flatMap((id) => ['--clause', id])];
  const shown = files
    .slice(0, MOST_FILES)
    .map((file) => harmless(file))
    .join(', ');
  return [
    '',
    ...head,
    ...(files.length === 0 ? [] : [row('changes', `${shown}${more}`)]),
    ...result.shown.map((cell) => row('breaks', `${cell.name}: ${harmless(cell.reason)}`)),
    row('confidence', confidenceText(result)),
    row(
      'run it',
      quoteCommand([...again, ...options, ...(plan.profile.name === 'base' ? [] : ['--profile', plan.profile.name])]),
    ),
    row('git', quoteCommand(['git', '-C', line.tree, 'bisect', 'replay', replay])),
    row('steps', `${countText(steps)}; ${folder}`),
  ];
}

const commitLines = ({ subject, author, date }: Commit): string[] => [
  `  ${harmless(subject)}`,
  `  ${harmless(author)}, ${harmless(date)}`,
];

function confidenceText({ confidence, seen, steps }: BisectResult): string {
  const good = steps.filter(({ verdict, sameAs }) => verdict === 'good' && sameAs === null);
  const runs = good.map(({ cells }) => Math.min(...cells.map((cell) => cell.runs)));
  const each =
    new Set(runs).size === 1 ? `${runs[0]} runs each` : `${Math.min(...runs)} to ${Math.max(...runs)} runs each`;
  return `${percent(confidence)}: the fault showed in ${seen.shown} of ${plural(seen.runs, 'run')} of bad kernels, and in none of ${plural(good.length, 'good one')}, ${each}`;
}

function countText(steps: readonly Step[]): string {
  const same = steps.filter(({ sameAs }) => sameAs !== null).length;
  const skipped = steps.filter(({ verdict }) => verdict === 'skipped').length;
  const parts = [
    `${plural(steps.length, 'kernel')} built`,
    ...(same === 0 ? [] : [`${same} the same as another and not run`]),
    ...(skipped === 0 ? [] : [`${skipped} skipped`]),
  ];
  return parts.join(', ');
}

/** What `--json` prints; fields are added, never changed. */
export async function resultJson(result: BisectResult, line: Line, folder: string): Promise<Record<string, unknown>> {
  const { suspects, confidence, seen, shown, steps } = result;
  const culprit = suspects.length === 1 ? suspects[0]! : null;
  return {
    version: BISECT_VERSION,
    tree: line.tree,
    good: line.good,
    bad: line.bad,
    culprit: culprit === null ? null : { ...culprit, files: await line.filesOf(culprit.commit) },
    suspects,
    confidence,
    seen,
    shown,
    steps,
    folder,
  };
}

const WORDS: Readonly<Record<Step['verdict'], string>> = { good: 'good', bad: 'bad', skipped: 'skip' };

/** As `git bisect log` prints it. */
export async function gitLog({ steps, suspects }: BisectResult, line: Line): Promise<string> {
  const told = await Promise.all(
    steps.map(async ({ commit, verdict }) => {
      const { subject } = await line.describe(commit);
      return `# ${WORDS[verdict]}: [${commit}] ${harmless(subject)}\ngit bisect ${WORDS[verdict]} ${commit}\n`;
    }),
  );
  const [first, ...others] = suspects;
  const end =
    others.length === 0 && first !== undefined
      ? `# first bad commit: [${first.commit}] ${harmless(first.subject)}\n`
      : '';
  return `git bisect start\n${told.join('')}${end}`;
}
