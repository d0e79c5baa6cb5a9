/** The history for a terminal: runs, cells and differences, one a line. */
import type { ClauseGroup } from '../../contract/clause.ts';
import type { KernelIdentity } from '../../core/events.ts';
import { countOutcomes, weigh } from '../../core/outcome.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import type { DiffCell, DiffSide, RunDiff } from '../../results/history/diff.ts';
import type { StoredRun } from '../../results/history/read.ts';
import type { CellTrend, Flakes } from '../../results/history/trend.ts';
import { titleOf } from '../catalogue.ts';
import { formatDuration, padTo, widthOf } from '../format.ts';
import { describeSource } from '../lines/header.ts';
import { longCounts, LOOKS, type Paint } from '../lines/paint.ts';

export interface TextOptions {
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
  readonly paint: Paint;
}

/** `7.3.4 (deb:linux-source-7.3=…) + 1 patch: no unmap`. */
export function kernelText(kernel: KernelIdentity | null, home: string): string {
  if (kernel === null) return 'no kernel';
  const [first] = kernel.series;
  const patches =
    first === undefined ? '' : ` + ${plural(kernel.series.length, 'patch', 'patches')}: ${harmless(first.subject)}`;
  return `${harmless(kernel.version)} (${describeSource(kernel, home)})${patches}`;
}

/** Columns as wide as their widest word, styles not counted. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  return rows.map((row) => `  ${row.map((text, column) => padTo(text, widths[column] ?? 0)).join('  ')}`.trimEnd());
}

export function runLines(runs: readonly StoredRun[], { paint, home }: TextOptions): string[] {
  return table(
    runs.map((run) => [
      run.name,
      paint('dim', run.exitCode === null ? 'killed' : `exit ${run.exitCode}`),
      paint('dim', formatDuration(run.durationMs)),
      run.targets.join(' '),
      longCounts({ ...countOutcomes([]), ...run.counts }, paint) || paint('dim', 'no verdict'),
      `${kernelText(run.kernel, home)}${run.lie ? paint('yellow', ' · the driver lied') : ''}`,
    ]),
  );
}

/** A block a clause, a line a cell. */
export function cellLines(trends: readonly CellTrend[], options: TextOptions): string[] {
  const { paint, catalogue } = options;
  const clauses = [...new Set(trends.map(({ cell }) => cell.clause))];
  return clauses.flatMap((clause) => {
    const own = trends.filter(({ cell }) => cell.clause === clause);
    return [
      `${paint('bold', clause)} ${titleOf(catalogue, clause)}`,
      ...table(
        own.map((trend) => [
          `${trend.cell.path} ${trend.cell.target}${trend.cell.profile === 'base' ? '' : ` ${trend.cell.profile}`}`,
          strip(trend, paint),
          stateText(trend, paint),
          flakeText(trend.flakes, paint),
          trend.medianMs === null ? '' : paint('dim', `${trend.medianMs} ms`),
        ]),
      ),
      ...own.flatMap((trend) => sinceLines(trend, options)),
      '',
    ];
  });
}

/** One sign a run, the newest to the right; a dot where the probe never started. */
const strip = ({ recent }: CellTrend, paint: Paint): string =>
  recent
    .map(({ outcome, ran }) => (ran ? paint(LOOKS[outcome].style, LOOKS[outcome].sign) : paint('dim', '.')))
    .join('');

function stateText({ latest }: CellTrend, paint: Paint): string {
  if (latest === null) return paint('dim', 'never ran');
  return paint(LOOKS[latest.outcome].style, LOOKS[latest.outcome].word);
}

export function flakeText({ odd, of }: Flakes, paint: Paint): string {
  if (of === 0) return '';
  const text = odd === 0 ? `flakes 0/${of}` : `flakes ${odd}/${of} (${((100 * odd) / of).toFixed(1)} %)`;
  return paint(odd === 0 ? 'dim' : 'yellow', text);
}

function sinceLines({ badSince, lastGood, latest, cell }: CellTrend, { paint, home }: TextOptions): string[] {
  if (badSince === null || latest === null) return [];
  const verb = weigh(latest.outcome) === 'bad' ? 'fails' : 'undecided';
  const where = `${cell.path} ${cell.target} ${verb}`;
  return [
    `      ${paint('red', `${where} since`)} ${badSince.name}  ${kernelText(badSince.kernel, home)}`,
    lastGood === null
      ? `      ${paint('dim', 'it never was good before')}`
      : `      ${paint('dim', 'last good in')} ${lastGood.name}  ${kernelText(lastGood.kernel, home)}`,
  ];
}

export function diffLines(diff: RunDiff, before: DiffSide, after: DiffSide, options: TextOptions): string[] {
  const { paint, home, catalogue } = options;
  const look = (cell: DiffCell): string => paint(LOOKS[cell.outcome].style, LOOKS[cell.outcome].word);
  const changes = diff.differing.map(({ before: was, after: is }) => [
    paint('bold', `${is.clause} ${is.path} ${is.target}`),
    `${look(was)} → ${look(is)}`,
    harmless(is.reason === '' ? was.reason : is.reason) || titleOf(catalogue, is.clause),
  ]);
  const same = diff.sameKernel ? 'the same kernel' : 'another kernel';
  const cells = plural(diff.compared, 'cell');
  const only = (list: readonly DiffCell[], side: DiffSide): string[] =>
    list.length === 0 ? [] : [paint('dim', `${plural(list.length, 'cell')} only in ${side.name}`)];
  return [
    `${paint('dim', 'before')}  ${before.name}  ${kernelText(before.kernel, home)}`,
    `${paint('dim', 'after')}   ${after.name}  ${kernelText(after.kernel, home)}  ${paint('dim', `(${same})`)}`,
    '',
    ...table(changes),
    ...(changes.length === 0 ? [] : ['']),
    diff.differing.length === 0
      ? `${cells}, none differs.`
      : `${cells}, ${diff.differing.length} ${diff.differing.length === 1 ? 'differs' : 'differ'}.`,
    ...only(diff.onlyBefore, before),
    ...only(diff.onlyAfter, after),
  ];
}
