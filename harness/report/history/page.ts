/** The history as one page: how the runs went, which cells were ever bad and since when, what takes long. No script but the colours. */
import type { ClauseGroup } from '../../contract/clause.ts';
import { OUTCOMES, weigh, type Outcome } from '../../core/outcome.ts';
import { plural } from '../../core/words.ts';
import { writeFileAtomic } from '../../results/atomic.ts';
import type { History } from '../../results/history/open.ts';
import { readCells, readRuns, type RunFilter, type StoredRun } from '../../results/history/read.ts';
import { trendOf, type CellTrend } from '../../results/history/trend.ts';
import { titleOf } from '../catalogue.ts';
import { formatDuration } from '../format.ts';
import { hero } from '../html/hero.ts';
import { section } from '../html/parts.ts';
import { themeScript } from '../html/script.ts';
import { h, type Element } from '../html/shared/node.ts';
import { renderDocument } from '../html/shell.ts';
import { LOOKS } from '../lines/paint.ts';
import { flakeText, kernelText } from './text.ts';

export interface HistoryPageOptions {
  /** How many runs to show. */
  readonly last: number;
  readonly filter: RunFilter;
  readonly catalogue: readonly ClauseGroup[];
  readonly home: string;
}

const ROWS = 400;
const SLOWEST = 15;
const CHART = 120;

/** @throws MmapvetError FILE_WRITE */
export function writeHistoryPage(file: string, history: History, options: HistoryPageOptions): void {
  writeFileAtomic(file, renderHistoryPage(history, options));
}

export function renderHistoryPage(history: History, options: HistoryPageOptions): string {
  const { last, filter } = options;
  const all = readRuns(history, filter);
  const runs = all.slice(-last);
  const targets = filter.targets ?? [];
  const pasts = readCells(history, all, (cell) => targets.length === 0 || targets.includes(cell.target));
  const trends = pasts.map((past) => trendOf(past, last));
  const notable = trends.filter(isNotable).toSorted(byUrgency);
  const bad = notable.filter((trend) => trend.badSince !== null);
  const headline =
    runs.length === 0
      ? 'No run of that kind was recorded.'
      : bad.length === 0
        ? 'Nothing is red at the moment.'
        : `${plural(bad.length, 'cell is', 'cells are')} red or undecided in the last run that had ${bad.length === 1 ? 'it' : 'them'}.`;
  return renderDocument({
    title: 'History · mmapvet',
    script: themeScript(),
    body: [
      hero({
        mood: bad.length === 0 ? 'good' : 'bad',
        name: 'history',
        headline,
        about: [`${plural(runs.length, 'run')}${all.length > runs.length ? ` of ${all.length}` : ''}`],
      }),
      h('main', { id: 'main' }, [
        section('How the runs went', runs.length === 0 ? [] : [chart(runs), runTable(runs, options)]),
        section(
          'Cells that were not good',
          notable.length === 0 ? [h('p', { class: 'note' }, 'None was.')] : [cellTable(notable, options)],
        ),
        section('What takes longest', [slowTable(trends, options)]),
      ]),
      h('footer', {}, 'One file, no request is made.'),
    ],
  });
}

const plain = (_style: unknown, text: string): string => text;

const isBad = (outcome: Outcome): boolean => weigh(outcome) === 'bad' || weigh(outcome) === 'undecided';
const isNotable = (trend: CellTrend): boolean =>
  trend.badSince !== null || trend.flakes.odd > 0 || trend.recent.some(({ ran, outcome }) => ran && isBad(outcome));

function byUrgency(a: CellTrend, b: CellTrend): number {
  const rank = (trend: CellTrend): number => (trend.badSince === null ? 0 : 2) + (trend.flakes.odd > 0 ? 1 : 0);
  return rank(b) - rank(a) || a.cell.clause.localeCompare(b.cell.clause);
}

/** A column a run, as high as the share of each outcome; a single bad cell is still seen. */
function chart(runs: readonly StoredRun[]): Element {
  const width = 100 / runs.length;
  return h(
    'svg',
    {
      class: 'trend',
      width: '100%',
      height: CHART,
      role: 'img',
      'aria-label': `Outcomes of ${runs.length} runs; the table has the numbers`,
    },
    runs.map((run, index) => {
      const counts = OUTCOMES.map((outcome) => ({ outcome, count: run.counts[outcome] ?? 0 })).filter(
        ({ count }) => count > 0,
      );
      const sum = counts.reduce((total, { count }) => total + count, 0);
      const heights = counts.map(({ outcome, count }) => ({ outcome, height: Math.max(3, (CHART * count) / sum) }));
      const scale =
        CHART /
        Math.max(
          CHART,
          heights.reduce((total, { height }) => total + height, 0),
        );
      let y = CHART;
      return h(
        'g',
        {},
        h(
          'title',
          {},
          `${run.name}: ${counts.map(({ outcome, count }) => `${count} ${LOOKS[outcome].word}`).join(', ')}`,
        ),
        heights.map(({ outcome, height }) => {
          y -= height * scale;
          return h('rect', {
            class: `share o-${outcome}`,
            x: `${(index * width + width * 0.08).toFixed(2)}%`,
            width: `${(width * 0.84).toFixed(2)}%`,
            y: y.toFixed(1),
            height: (height * scale).toFixed(1),
          });
        }),
      );
    }),
  );
}

const table = (head: readonly string[], rows: readonly Element[]): Element =>
  h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': head.join(', ') },
    h(
      'table',
      { class: 'plain wide' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          head.map((name) => h('th', { scope: 'col' }, name)),
        ),
      ),
      h('tbody', {}, rows),
    ),
  );

function runTable(runs: readonly StoredRun[], { home }: HistoryPageOptions): Element {
  return table(
    ['run', 'exit', 'took', 'targets', 'cells', 'kernel'],
    runs.toReversed().map((run) =>
      h(
        'tr',
        {},
        h('td', { class: 'run-name' }, run.name),
        h('td', {}, run.exitCode === null ? 'killed' : String(run.exitCode)),
        h('td', { class: 'number' }, formatDuration(run.durationMs)),
        h('td', {}, run.targets.join(' ')),
        h(
          'td',
          { class: 'tallies' },
          OUTCOMES.filter((outcome) => (run.counts[outcome] ?? 0) > 0).map((outcome) =>
            h(
              'span',
              { class: `badge wide o-${outcome}`, title: LOOKS[outcome].word },
              `${LOOKS[outcome].sign} ${run.counts[outcome] ?? 0}`,
            ),
          ),
        ),
        h('td', {}, kernelText(run.kernel, home)),
      ),
    ),
  );
}

function cellTable(trends: readonly CellTrend[], options: HistoryPageOptions): Element {
  const rows = trends
    .slice(0, ROWS)
    .map((trend) =>
      h(
        'tr',
        {},
        h(
          'td',
          {},
          h('b', {}, trend.cell.clause),
          ` ${trend.cell.path} ${trend.cell.target}`,
          h('div', { class: 'note' }, titleOf(options.catalogue, trend.cell.clause)),
        ),
        h('td', {}, strip(trend)),
        h('td', {}, sinceText(trend, options)),
        h('td', {}, flakeText(trend.flakes, plain).replace(/^flakes /, '')),
      ),
    );
  const more = trends.length - rows.length;
  return h(
    'div',
    {},
    table(['cell', 'oldest to newest', 'bad since', 'flakes'], rows),
    more > 0 ? h('p', { class: 'note' }, `${more} more are in "mmapvet history --json".`) : [],
  );
}

function strip({ recent }: CellTrend): Element {
  const words = recent.map(({ outcome, ran }) => (ran ? LOOKS[outcome].word : 'did not run')).join(', ');
  return h(
    'span',
    { class: 'past', role: 'img', 'aria-label': words },
    recent.map(({ run, outcome, ran }) =>
      h(
        'span',
        {
          class: `tick ${ran ? `o-${outcome}` : 'o-none'}`,
          title: `${run.name}: ${ran ? LOOKS[outcome].word : 'did not run'}`,
        },
        ran ? LOOKS[outcome].sign : '',
      ),
    ),
  );
}

function sinceText({ badSince, lastGood }: CellTrend, { home }: HistoryPageOptions): Element {
  if (badSince === null) return h('span', { class: 'note' }, 'good now');
  return h(
    'span',
    {},
    h('span', { class: 'run-name' }, badSince.name),
    h('div', { class: 'note' }, kernelText(badSince.kernel, home)),
    h('div', { class: 'note' }, lastGood === null ? 'never good before' : `last good in ${lastGood.name}`),
  );
}

function slowTable(trends: readonly CellTrend[], options: HistoryPageOptions): Element {
  const rows = trends
    .toSorted((a, b) => (b.medianMs ?? 0) - (a.medianMs ?? 0))
    .slice(0, SLOWEST)
    .map(({ cell, medianMs }) =>
      h(
        'tr',
        {},
        h('td', { class: 'number' }, `${medianMs ?? 0} ms`),
        h('td', {}, h('b', {}, cell.clause), ` ${cell.path} ${cell.target}`),
        h('td', { class: 'note' }, titleOf(options.catalogue, cell.clause)),
      ),
    );
  return table(['median', 'cell', 'clause'], rows);
}
