/** A series for a terminal: a row a patch against the clause groups, and what each patch changed. */
import type { ClauseGroup } from '../../contract/clause.ts';
import { plural } from '../../core/words.ts';
import { harmless, harmlessText } from '../../probe/untrusted.ts';
import type { SeriesDocument, SeriesStep } from '../../results/series.ts';
import { titleOf } from '../catalogue.ts';
import { CHANGE_LOOKS } from '../compare/looks.ts';
import { cutToWidth, formatDuration, padTo, shortenHome, widthOf } from '../format.ts';
import { describeSource } from '../lines/header.ts';
import type { Paint } from '../lines/paint.ts';

export interface SeriesOptions {
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
  readonly paint: Paint;
  readonly columns: number;
  /** Of the series. */
  readonly folder: string;
}

type StepTarget = SeriesStep['targets'][number];

const SUBJECT = 44;
/** Cells that one patch changed are named one by one up to here. */
const SHOWN = 6;

export function seriesLines(document: SeriesDocument, options: SeriesOptions): string[] {
  const { paint, home, folder } = options;
  return [
    header(document, options),
    ...document.targets.flatMap((target) => ['', ...table(document, target, options)]),
    ...document.steps.flatMap((step) => stepLines(step, options)),
    '',
    `  ${seriesVerdict(document, paint)}${paint('dim', `   ${formatDuration(document.durationMs)}`)}`,
    `  ${paint('dim', shortenHome(folder, home))}`,
  ];
}

function header({ kernel, steps, targets, profile }: SeriesDocument, { paint, home }: SeriesOptions): string {
  const source =
    kernel === null
      ? 'no kernel source'
      : `${paint('bold', `linux ${harmless(kernel.version)}`)} (${describeSource(kernel, home)})`;
  const patches = plural(steps.length - 1, 'patch', 'patches');
  return [paint('bold', 'mmapvet series'), `${source} + ${patches}, one by one`, targets.join(' '), profile].join(
    paint('dim', ' · '),
  );
}

/** One target: `4  mm/util: pass …  build 9.8 s  boots  A ✓  E ✗1`. */
function table({ steps }: SeriesDocument, target: string, options: SeriesOptions): string[] {
  const { paint, columns } = options;
  const own = steps.map((step) => ({ step, at: step.targets.find(({ name }) => name === target) }));
  const letters = [...new Set(own.flatMap(({ at }) => at?.groups.map(({ letter }) => letter) ?? []))].toSorted();
  const rows = own.map(({ step, at }) => [
    step.number === 0 ? '' : String(step.number),
    step.number === 0 ? paint('dim', 'the base') : cutToWidth(harmless(step.subject), SUBJECT),
    ...stateWords(step, at, paint),
    ...letters.map((letter) => groupSign(at, letter, paint)),
  ]);
  const head = ['', paint('bold', target), 'builds', 'boots', ...letters];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => widthOf(row[column] ?? ''))));
  const line = (row: readonly string[]): string =>
    `  ${row.map((text, column) => padTo(text, widths[column] ?? 0)).join('  ')}`.trimEnd();
  return [head, ...rows].map((row) => cutToWidth(line(row), Math.max(80, columns)));
}

export function stateWords({ verdict: said }: SeriesStep, at: StepTarget | undefined, paint: Paint): [string, string] {
  if (at === undefined) return [paint('dim', said === 'not-run' ? 'not run' : '–'), ''];
  const built = at.buildMs === null ? 'stored' : formatDuration(at.buildMs);
  switch (at.state) {
    case 'not-built':
      return [paint('red', '✗'), ''];
    case 'not-booted':
      return [`${paint('green', '✓')} ${built}`, paint('red', '✗')];
    case 'no-verdict':
      return [`${paint('green', '✓')} ${built}`, paint('yellow', '?')];
    case 'vetted':
      return [`${paint('green', '✓')} ${built}`, at.stored ? paint('dim', 'stored') : paint('green', '✓')];
  }
}

/** `✗2` are made worse by this patch; `·3` were red before it. */
export function groupSign(at: StepTarget | undefined, letter: string, paint: Paint): string {
  const group = at?.groups.find((each) => each.letter === letter);
  if (group === undefined) return '';
  if (group.applicable === 0) return paint('dim', '–');
  const before = group.red - group.worse;
  const parts = [
    group.worse > 0 ? paint('red', `✗${group.worse}`) : '',
    before > 0 ? paint('dim', `·${before}`) : '',
    group.undecided > 0 ? paint('yellow', `?${group.undecided}`) : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? paint('green', '✓') : parts.join(' ');
}

/** What a patch did, where it did something. */
function stepLines(step: SeriesStep, { catalogue, paint }: SeriesOptions): string[] {
  const whys = step.targets.filter(({ state }) => state !== 'vetted');
  if (step.changes.length + step.newSplats.length + whys.length === 0) return [];
  const title = step.number === 0 ? 'the base' : `patch ${step.number}  ${harmless(step.subject)}`;
  const changes = step.changes.slice(0, SHOWN).map(({ clause, path, target, change, before, after }) => {
    const { sign, word, style } = CHANGE_LOOKS[change];
    const reason = after?.reason || before?.reason || titleOf(catalogue, clause);
    return `      ${paint(style, `${sign} ${word}`)}  ${paint('bold', `${clause} ${path} ${target}`)}  ${harmless(reason)}`;
  });
  const more = step.changes.length - changes.length;
  return [
    '',
    `  ${paint('bold', title)}`,
    ...whys.flatMap(({ name, state, why }) => whyLines(name, state, why, paint)),
    ...changes,
    ...(more > 0 ? [paint('dim', `      and ${plural(more, 'more cell')}`)] : []),
    ...step.newSplats.map(
      ({ title: splat, where }) =>
        `      ${paint('red', '! new splat')}  ${harmless(splat)}  ${paint('dim', where.slice(0, 3).join(', '))}`,
    ),
  ];
}

export const STATES: Readonly<Record<StepTarget['state'], string>> = {
  vetted: '',
  'not-built': 'does not build',
  'not-booted': 'does not boot',
  'no-verdict': 'has no verdict',
};

function whyLines(target: string, state: StepTarget['state'], why: string, paint: Paint): string[] {
  const [first = '', ...rest] = harmlessText(why).split('\n');
  const style = state === 'no-verdict' ? 'yellow' : 'red';
  return [
    `      ${paint(style, `${state === 'no-verdict' ? '?' : '✗'} ${STATES[state]}`)}  ${paint('bold', target)}  ${first}`.trimEnd(),
    ...rest.map((line) => `        ${line}`),
  ];
}

export function seriesVerdict({ steps, exitCode, interrupted }: SeriesDocument, paint: Paint): string {
  const exit = paint('dim', ` (exit ${exitCode})`);
  const numbers = (what: SeriesStep['verdict']): string =>
    steps
      .filter((step) => step.verdict === what)
      .map(({ number }) => (number === 0 ? 'the base' : `patch ${number}`))
      .join(', ');
  const [worse, undecided, left] = [numbers('worse'), numbers('undecided'), numbers('not-run')];
  const parts = [
    worse === '' ? '' : paint('red', `Worse with ${worse}.`),
    undecided === '' ? '' : paint('yellow', `Undecided: ${undecided}.`),
    left === '' ? '' : paint('dim', `Not run: ${left}.`),
  ].filter((part) => part !== '');
  const said = interrupted ? [paint('yellow', 'Interrupted.'), ...parts] : parts;
  return (said.length === 0 ? paint('green', 'No patch makes anything worse.') : said.join(' ')) + exit;
}
