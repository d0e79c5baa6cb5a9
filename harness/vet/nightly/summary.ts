/** A night in a page of Markdown: each cell of its matrix, and what differs from the night before. Pure. */
import { quoteCommand } from '../../core/exec.ts';
import { EXIT, OUTCOMES, weigh } from '../../core/outcome.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import { diffRuns, type DiffCell } from '../../results/history/diff.ts';
import type { Results } from '../../results/results.ts';
import { isDone, type NightJob } from './night.ts';

export interface NightCell {
  readonly job: NightJob;
  /** Null: it was not run, or not to its end. */
  readonly results: Results | null;
  /** The exit code of a run that left no results: wrong usage, a full disk. */
  readonly exitCode: number | null;
  /** Of the last night that has this cell. */
  readonly before: Results | null;
}

/** So many changed clauses of one cell are told one by one. */
const TOLD = 20;

/** Makes text of a guest or a kernel tree harmless where it is to be shown. */
type Clean = (text: string) => string;

/** @param clean for a terminal; a page that is read as Markdown needs more */
export function nightSummary(title: string, cells: readonly NightCell[], clean: Clean = harmless): string[] {
  const changes = cells.flatMap((cell) => changesOf(cell, clean));
  const kernels = [...Map.groupBy(cells, ({ job }) => job.kernel)].flatMap(([name, all]) =>
    kernelLines(name, all, clean),
  );
  return [
    `# ${title}`,
    '',
    headline(cells),
    '',
    ...kernels,
    '',
    '| cell | result | verdicts | time |',
    '| --- | --- | --- | --- |',
    ...cells.map((cell) => `| ${cell.job.id} | ${resultOf(cell)} | ${verdictsOf(cell)} | ${timeOf(cell)} |`),
    '',
    '## Against the last night',
    '',
    ...(cells.every(({ before }) => before === null)
      ? ['There is none.']
      : changes.length > 0
        ? changes
        : ['Nothing changed.']),
    '',
  ];
}

/**
 * Of a night that was broken off: what is done, and how it goes on.
 * @param args of scripts/nightly, as they were given
 * @param folder as it was found; the default one is another one tomorrow
 */
export function interruptedLines(
  cells: readonly Pick<NightCell, 'results'>[],
  args: readonly string[],
  folder: { readonly path: string; readonly named: boolean },
): string[] {
  const done = cells.filter(({ results }) => isDone(results)).length;
  const command = ['scripts/nightly', ...(folder.named ? [] : ['--folder', folder.path]), ...args];
  return [
    `Interrupted: ${done} of ${plural(cells.length, 'cell')} ${done === 1 ? 'is' : 'are'} done, in ${folder.path}`,
    `Go on with: ${quoteCommand(command)}`,
  ];
}

/** As a run's: what is wrong outweighs what is not known, and a cell that has not run is not known. */
export function nightExitCode(cells: readonly NightCell[]): number {
  if (cells.some(({ results }) => results?.exitCode === EXIT.bad)) return EXIT.bad;
  return cells.length > 0 && cells.every(({ results }) => results?.exitCode === EXIT.good) ? EXIT.good : EXIT.undecided;
}

function headline(cells: readonly NightCell[]): string {
  const bad = cells.filter(({ results }) => results?.exitCode === EXIT.bad).length;
  const open = cells.filter(({ results }) => !isDone(results)).length;
  const good = cells.length - bad - open;
  return (
    [`${plural(cells.length, 'cell')} of the matrix`, `${good} good`, `${bad} bad`, `${open} undecided`].join(', ') +
    '.'
  );
}

function kernelLines(name: string, cells: readonly NightCell[], clean: Clean): string[] {
  const seen = new Set(
    cells.flatMap(({ results }) =>
      results?.kernel == null
        ? []
        : [
            [
              `${results.kernel.version} (${results.kernel.source}${results.kernel.dirty ? ', uncommitted edits' : ''})`,
              ...(results.kernel.series.length === 0 ? [] : [plural(results.kernel.series.length, 'patch', 'patches')]),
              ...(results.kernel.commit === null ? [] : [results.kernel.commit.slice(0, 12)]),
            ].join(', '),
          ],
    ),
  );
  const several = seen.size > 1 ? ' **It changed while the night went on.**' : '';
  return [`- ${name}: ${seen.size === 0 ? 'not built' : clean([...seen].join('; '))}${several}`];
}

function resultOf({ results, exitCode }: NightCell): string {
  if (results === null) return exitCode === null ? 'not run' : `no results (exit ${exitCode})`;
  if (results.exitCode === EXIT.good) return 'good';
  return results.exitCode === EXIT.bad ? '**bad**' : `undecided (exit ${results.exitCode})`;
}

function verdictsOf({ results }: NightCell): string {
  if (results === null) return '';
  return OUTCOMES.flatMap((outcome) =>
    (results.counts[outcome] ?? 0) === 0 ? [] : [`${results.counts[outcome]} ${outcome}`],
  ).join(', ');
}

const timeOf = ({ results }: NightCell): string =>
  results === null ? '' : `${Math.max(1, Math.round(results.durationMs / 60_000))} min`;

const sideOf = (results: Results) => ({ name: '', kernel: results.kernel, cells: results.cells });

function changesOf(cell: NightCell, clean: Clean): string[] {
  const { job, results, before } = cell;
  if (before === null) return results === null ? [] : [`- ${job.id}: new`];
  if (results === null) return [`- ${job.id}: ${resultOf(cell)}; it was ${resultOf({ ...cell, results: before })}`];
  const diff = diffRuns(sideOf(before), sideOf(results));
  const missing = diff.onlyBefore.filter(({ outcome }) => outcome !== 'not-applicable');
  const lines = [
    ...diff.differing.map(
      ({ before: was, after }) => `${nameOf(after)}: ${was.outcome} → ${after.outcome}${because(after)}`,
    ),
    ...(missing.length === 0 ? [] : [`gone: ${missing.map(nameOf).join(' ')}`]),
    ...(diff.onlyAfter.length === 0 ? [] : [`new: ${plural(diff.onlyAfter.length, 'verdict')}`]),
    ...(before.exitCode === results.exitCode ? [] : [`exit ${before.exitCode} → ${results.exitCode}`]),
  ];
  if (lines.length === 0) return [];
  const kernel = diff.sameKernel ? ', on the same kernel' : '';
  const more = lines.length > TOLD ? [`  - and ${lines.length - TOLD} more`] : [];
  return [`- ${job.id}${kernel}`, ...lines.slice(0, TOLD).map((line) => `  - ${clean(line)}`), ...more];
}

const nameOf = ({ clause, path }: DiffCell): string => `${clause}.${path}`;

const because = ({ outcome, reason }: DiffCell): string =>
  reason === '' || weigh(outcome) === 'good' ? '' : ` (${reason.split('\n', 1)[0]})`;
