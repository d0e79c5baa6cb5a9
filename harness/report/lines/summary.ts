/** The end of a run: counts, where the time went, what the exit code means, where everything lies. */
import type { Stage } from '../../core/events.ts';
import { EXIT, type Counts, type Outcome } from '../../core/outcome.ts';
import { harmless } from '../../probe/untrusted.ts';
import { plural } from '../../core/words.ts';
import { formatDuration, padTo, shortenHome, widthOf } from '../format.ts';
import { allCells, countsOf, stoppedBy, undecidedCells, type RunState } from '../run-state.ts';
import { agreementLines } from './agreement.ts';
import { coverageLines, coverageSentences, coveragesOf } from './coverage.ts';
import { findingLines } from './findings.ts';
import { LOOKS, longCounts, type Paint } from './paint.ts';

const BUCKETS: Readonly<Record<Stage, string>> = {
  source: 'source',
  config: 'build',
  build: 'build',
  image: 'build',
  boot: 'guests',
  restore: 'guests',
  connect: 'guests',
  module: 'guests',
  probe: 'guests',
  repeat: 'guests',
  collect: 'guests',
};

/** Time in which at least one of the intervals was going on: targets run side by side. */
export function unionMs(spans: readonly { readonly from: number; readonly to: number }[]): number {
  let total = 0;
  let covered = -Infinity;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    total += Math.max(0, to - Math.max(from, covered));
    covered = Math.max(covered, to);
  }
  return total;
}

/** `build 1 min 22 s, guests 19 s`; what took no time is left out. */
export function timeSplit(state: RunState): string {
  return ['source', 'build', 'guests']
    .map((bucket) => ({ bucket, ms: unionMs(state.spans.filter((span) => BUCKETS[span.stage] === bucket)) }))
    .filter(({ ms }) => ms >= 500)
    .map(({ bucket, ms }) => `${bucket} ${formatDuration(ms)}`)
    .join(', ');
}

export function summaryLines(state: RunState, columns: number, paint: Paint, home: string): string[] {
  const counts = countsOf(state);
  const lines = [
    ...excusedLines(state, 'known', paint),
    ...excusedLines(state, 'not-applicable', paint),
    ...stoppedLines(state, paint),
    ...agreementLines(state, paint),
  ];
  const findings = findingLines(state, paint);
  if (findings.length > 0) lines.push(...(lines.length > 0 ? [''] : []), ...findings);
  const coverage = coverageLines(state, paint);
  if (coverage.length > 0) lines.push(...(lines.length > 0 ? [''] : []), ...coverage);
  if (lines.length > 0) lines.push('');
  lines.push(countsLine(state, counts, columns, paint));
  lines.push(`  ${verdictLine(state, counts, paint)}`);
  lines.push(...coverageSentences(coveragesOf(state)).map((text) => `  ${paint('yellow', text)}`));
  lines.push(...takenLines(state, home).map((text) => `  ${paint('dim', text)}`));
  if (state.folder !== '') lines.push(`  ${paint('dim', shortenHome(state.folder, home))}`);
  return lines;
}

/** Of a run that goes on with another. */
function takenLines(state: RunState, home: string): string[] {
  const taken = Map.groupBy(
    allCells(state).filter((cell) => cell.takenFrom !== undefined),
    (cell) => cell.takenFrom ?? '',
  );
  return [...taken].map(
    ([from, { length }]) =>
      `${plural(length, 'verdict')} ${length === 1 ? 'was' : 'were'} taken over from ${shortenHome(harmless(from), home)}`,
  );
}

function countsLine(state: RunState, counts: Counts, columns: number, paint: Paint): string {
  const undecided = [...state.targets.values()].flatMap(undecidedCells).length;
  const parts = [
    longCounts(counts, paint),
    ...(undecided === 0 ? [] : [paint('yellow', `${undecided} not run`)]),
  ].filter((part) => part !== '');
  const total = allCells(state).length + undecided;
  const left = `  ${plural(state.targets.size, 'target')}, ${plural(total, 'cell')}: ${parts.join(', ')}`;
  const split = timeSplit(state);
  const durationMs = state.end?.durationMs ?? state.lastAt - (state.startedAt ?? state.lastAt);
  const right = formatDuration(durationMs) + (split === '' ? '' : ` (${split})`);
  const gap = columns - widthOf(right);
  // On a narrow terminal the time gets a line of its own rather than being cut.
  return widthOf(left) + 2 <= gap ? padTo(left, gap) + right : `${left}\n  ${right}`;
}

/** What the exit code says, in words; the code itself for whoever reads a log. */
export function verdictLine(state: RunState, counts: Counts, paint: Paint): string {
  const code = state.end?.exitCode ?? null;
  const shown = code === null ? '' : paint('dim', ` (exit ${code})`);
  if (state.end === null) return paint('yellow', 'The run did not end: it was killed.');
  if (state.end.interrupted || code === EXIT.interrupted)
    return paint('yellow', 'Interrupted. What was decided so far stands.') + shown;
  if (code === EXIT.good) return paint('green', 'Every clause that applies to this kernel holds.') + shown;
  if (code === EXIT.bad) return paint('red', badSentence(state, counts)) + shown;
  return paint('yellow', undecidedSentence(state, counts)) + shown;
}

function badSentence(state: RunState, counts: Counts): string {
  const faults = counts.fault + [...state.targets.values()].reduce((sum, target) => sum + target.faults.length, 0);
  const parts = [
    ...(counts.fail > 0 ? [`breaks the contract in ${plural(counts.fail, 'cell')}`] : []),
    ...(faults > 0 ? [`faulted ${faults === 1 ? 'once' : `${faults} times`}`] : []),
    ...(counts.flaky > 0 ? [`disagrees with itself in ${plural(counts.flaky, 'cell')}`] : []),
  ];
  if (parts.length === 0) return `Recorded behaviour changed in ${plural(counts.changed, 'cell')}.`;
  const last = parts.pop() ?? '';
  const rest = counts.error + counts.vacuous;
  const open = rest === 0 ? '' : `; ${plural(rest, 'cell')} without a verdict`;
  return `The kernel ${parts.length === 0 ? last : `${parts.join(', ')} and ${last}`}${open}.`;
}

function undecidedSentence(state: RunState, counts: Counts): string {
  const cells = allCells(state);
  if (cells.length > 0 && counts['not-applicable'] === cells.length)
    return 'Nothing was checked: no clause applies to this kernel.';
  if (cells.length === 0) return 'Nothing was checked.';
  const without = [...state.targets.values()].filter((target) => undecidedCells(target).length > 0);
  const parts = [
    ...(counts.error + counts.vacuous > 0
      ? [`${plural(counts.error + counts.vacuous, 'cell')} without a verdict`]
      : []),
    ...(without.length > 0 ? [`${without.map((target) => target.name).join(', ')} not finished`] : []),
  ];
  return parts.length === 0 ? 'Undecided.' : `Undecided: ${parts.join('; ')}.`;
}

const REASONS = 6;
const CLAUSES = 12;

/** The same reason mostly holds for many cells: once each, with the clauses that it concerns. */
function excusedLines(state: RunState, outcome: Outcome, paint: Paint): string[] {
  const cells = allCells(state).filter((cell) => cell.outcome === outcome);
  const causes = [...Map.groupBy(cells, (cell) => cell.reason)];
  const { sign, word } = LOOKS[outcome];
  const rows = causes.slice(0, REASONS).map(([reason, alike]) => {
    const ids = [...new Set(alike.map((cell) => cell.clause))];
    const more = ids.length > CLAUSES ? ` and ${ids.length - CLAUSES} more` : '';
    return `${sign} ${word}  ${harmless(reason)}: ${ids.slice(0, CLAUSES).join(' ')}${more}`;
  });
  const more = causes.length - rows.length;
  return [...rows, ...(more > 0 ? [`${sign} ${word}  for ${plural(more, 'more reason')}`] : [])].map(
    (row) => `  ${paint('dim', row)}`,
  );
}

/** Why a target has cells without a verdict. */
function stoppedLines(state: RunState, paint: Paint): string[] {
  return [...state.targets.values()].flatMap((target) => {
    const stopped = undecidedCells(target).length === 0 ? null : stoppedBy(target);
    if (stopped === null) return [];
    const first = harmless(stopped.reason.split('\n', 1)[0] ?? '');
    return [`  ${paint('yellow', '? no verdict')}  ${paint('bold', target.name)}  ${stopped.stage}: ${first}`];
  });
}
