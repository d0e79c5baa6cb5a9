/** A comparison for a terminal: what differs cell by cell, new splats, sizes, and what it comes to. */
import type { ClauseGroup } from '../../contract/clause.ts';
import type { Change, ComparedCell } from '../../results/compare.ts';
import { plural } from '../../core/words.ts';
import type { ComparisonDocument } from '../../results/comparison.ts';
import { harmless, harmlessText } from '../../probe/untrusted.ts';
import { titleOf } from '../catalogue.ts';
import { formatDuration, padTo, shortenHome } from '../format.ts';
import { describeSource } from '../lines/header.ts';
import type { Paint } from '../lines/paint.ts';
import { CHANGE_LOOKS, CHANGE_ORDER, chanceText, runsText } from './looks.ts';
import { sizeLines } from './sizes.ts';

export interface ComparisonOptions {
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
  readonly paint: Paint;
  /** Of the comparison. */
  readonly folder: string;
}

/** Cells of one change are named one by one up to here. */
const SHOWN = 12;

/** Line 1, as soon as the kernels are known. */
export function comparisonHeader(
  { base, patched, targets, profile }: ComparisonDocument,
  options: ComparisonOptions,
): string {
  const { paint, home } = options;
  const kernel = base.kernel ?? patched.kernel;
  const series = patched.kernel?.series ?? [];
  return [
    paint('bold', 'mmapvet compare'),
    kernel === null
      ? 'no kernel source'
      : `${paint('bold', `linux ${harmless(kernel.version)}`)} (${describeSource(kernel, home)}) against + ${plural(series.length, 'patch', 'patches')}`,
    targets.join(' '),
    profile,
  ].join(paint('dim', ' · '));
}

export function comparisonLines(document: ComparisonDocument, options: ComparisonOptions): string[] {
  const { paint, home, folder } = options;
  const shown = CHANGE_ORDER.filter((change) => CHANGE_LOOKS[change].inFull).flatMap((change) =>
    changeBlock(document, change, options),
  );
  return [
    comparisonHeader(document, options),
    ...(document.patched.kernel?.series ?? []).map(({ subject }) => `    ${paint('dim', '+')} ${harmless(subject)}`),
    ...section(shown),
    ...section(splatLines(document, paint)),
    ...section(document.sizes.flatMap((each) => sizeLines(each, paint))),
    ...section([
      ...troubleLines(document, paint),
      ...document.notes.map((text) => `  ${paint('dim', harmless(text))}`),
      ...speedLines(document, paint),
      ...storedLines(document, paint),
    ]),
    '',
    `  ${countsText(document, paint)}${paint('dim', `   ${formatDuration(document.durationMs)}`)}`,
    `  ${verdictText(document, paint)}`,
    `  ${paint('dim', shortenHome(folder, home))}`,
  ];
}

const section = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', ...lines]);

function changeBlock(document: ComparisonDocument, change: Change, options: ComparisonOptions): string[] {
  const cells = document.cells.filter((cell) => cell.change === change);
  const named = cells.slice(0, SHOWN).flatMap((cell) => cellLines(cell, options));
  const more = cells.length - SHOWN;
  return more > 0 ? [...named, `  ${options.paint('dim', `and ${more} more ${CHANGE_LOOKS[change].word}`)}`] : named;
}

function cellLines(cell: ComparedCell, { catalogue, paint }: ComparisonOptions): string[] {
  const { sign, word, style } = CHANGE_LOOKS[cell.change];
  const name = paint('bold', `${cell.clause} ${cell.path} ${cell.target}`);
  const side = (who: 'base' | 'patched'): string => {
    const reason = cell[who]?.reason ?? '';
    return `      ${padTo(who, 9)}${runsText(cell[who], cell.runs[who])}${reason === '' ? '' : `  ${paint('dim', harmless(reason))}`}`;
  };
  const chance = chanceText(cell.chance);
  return [
    `  ${paint(style, `${sign} ${word}`)}  ${name}  ${titleOf(catalogue, cell.clause)}`.trimEnd(),
    side('base'),
    side('patched'),
    ...(chance === null ? [] : [paint('dim', `      ${padTo('odds', 9)}${chance}`)]),
  ];
}

function splatLines({ newSplats, goneSplats }: ComparisonDocument, paint: Paint): string[] {
  const line = (what: string, { title, where, sure }: ComparisonDocument['newSplats'][number]): string => {
    const more = where.length > 3 ? ` and ${where.length - 3} more` : '';
    const once = sure === false ? '; once, and not in fresh runs' : '';
    return `  ${what}  ${harmless(title)}  ${paint('dim', harmless(`${where.slice(0, 3).join(', ')}${more}${once}`))}`;
  };
  return [
    ...newSplats.map((splat) => line(paint('red', '! new splat'), splat)),
    ...goneSplats.map((splat) => line(paint('green', '✓ splat gone'), splat)),
  ];
}

function troubleLines({ base, patched, unequal }: ComparisonDocument, paint: Paint): string[] {
  const of = (who: string, texts: readonly string[]): string[] =>
    texts.flatMap((text) => {
      const [first = '', ...rest] = harmlessText(text).split('\n');
      return [`  ${paint('yellow', '?')} ${who}  ${first}`, ...rest.map((line) => `      ${line}`)];
    });
  return [
    ...of('base', base.trouble),
    ...of('patched', patched.trouble),
    ...unequal.map((text) => `  ${paint('yellow', '?')} not equal  ${harmless(text)}`),
  ];
}

function speedLines({ speed }: ComparisonDocument, paint: Paint): string[] {
  if (speed.length === 0) return [`  ${paint('dim', 'one mmap and munmap: not measured')}`];
  return speed.map(({ target, unit, base, patched }) => {
    const percent = ((patched - base) / base) * 100;
    return `  ${target}  one mmap and munmap: ${base} ${unit}, patched ${patched} (${percent < 0 ? '' : '+'}${percent.toFixed(1)} %)`;
  });
}

const storedLines = ({ base }: ComparisonDocument, paint: Paint): string[] =>
  base.stored.map((text) => `  ${paint('dim', `base  ${harmless(text)} --fresh vets it again.`)}`);

export function countsText({ counts }: ComparisonDocument, paint: Paint): string {
  const parts = CHANGE_ORDER.filter((change) => (counts[change] ?? 0) > 0).map((change) =>
    paint(CHANGE_LOOKS[change].style, `${counts[change]} ${CHANGE_LOOKS[change].word}`),
  );
  return parts.length === 0 ? 'no cell' : parts.join(', ');
}

/** What it comes to, and how sure that is. */
export function verdictText(document: ComparisonDocument, paint: Paint): string {
  const exit = paint('dim', ` (exit ${document.exitCode})`);
  if (document.interrupted) return paint('yellow', 'Interrupted: nothing was called.') + exit;
  switch (document.decision) {
    case 'no-regression':
      return paint('green', 'No regression.') + paint('dim', ` ${sureText(document)}`) + exit;
    case 'regression':
      return paint('red', 'The patched kernel is worse.') + paint('dim', ` ${sureText(document)}`) + exit;
    case 'undecided':
      return paint('yellow', 'Could not decide.') + exit;
  }
}

/** The least sure of the calls. */
function sureText({ cells }: ComparisonDocument): string {
  const called = cells
    .filter(({ change }) => change !== 'inconclusive')
    .flatMap(({ chance }) => (chance === null ? [] : [chance]));
  if (called.length > 0)
    return `Each difference called: at least ${(100 * (1 - Math.max(...called))).toFixed(1)} % sure.`;
  const differs = cells.some(({ change }) => change === 'regression');
  return differs ? 'A fault of the kernel is its own proof.' : 'No cell differs.';
}
