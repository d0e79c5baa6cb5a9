/** `mmapvet history [clause...]`: the runs so far, or what became of a clause over them. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { CATALOGUE } from '../../contract/catalogue.ts';
import type { CellId } from '../../core/events.ts';
import { messageOf, MmapvetError, usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { globToRegExp, plural } from '../../core/words.ts';
import { cellLines, runLines, type TextOptions } from '../../report/history/text.ts';
import { openHistory, openHistoryIfAny, type History } from '../../results/history/open.ts';
import { readCells, readRuns, reasonReader, type CellPast, type RunFilter } from '../../results/history/read.ts';
import { recordRun } from '../../results/history/record.ts';
import { flakesOf, medianOf, trendOf, type CellTrend } from '../../results/history/trend.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

const SLOWEST = 20;

export async function historyCommand(
  args: readonly string[],
  values: Values,
  context: CommandContext,
): Promise<number> {
  if (values['import'] === true) return importFolders(args, context);
  const { screen } = context;
  const last = positive(values['last']);
  const filter = filterFrom(values);
  using history = openHistoryIfAny();
  if (history === null) throw noHistory();
  const html = values['html'];
  if (typeof html === 'string') {
    const { writeHistoryPage } = await import('../../report/history/page.ts');
    writeHistoryPage(resolve(html), history, { last, filter, catalogue: CATALOGUE, home: homedir() });
    return EXIT.good;
  }
  const options: TextOptions = { catalogue: CATALOGUE, home: homedir(), paint: screen.style };
  const wantsCells = args.length > 0 || values['slowest'] === true || values['flaky'] === true;
  if (!wantsCells) {
    const runs = readRuns(history, { ...filter, lies: true }).slice(-last);
    if (values['json'] === true) screen.out(json({ runs }));
    else screen.out(lines(runLines(runs, options), 'No run of that kind was recorded.'));
    return EXIT.good;
  }
  const cells = chooseCells(history, args, filter, last, values);
  if (values['json'] === true) {
    const reasonOf = reasonReader(history);
    screen.out(json({ cells: cells.map((trend) => cellJson(trend, reasonOf)) }));
  } else screen.out(lines(cellLines(cells, options), 'No run has a cell of that kind.'));
  return EXIT.good;
}

const json = (value: object): string => `${JSON.stringify({ version: 1, ...value }, null, 2)}\n`;
const lines = (all: readonly string[], none: string): string => `${all.length === 0 ? none : all.join('\n')}\n`;

const noHistory = (): MmapvetError =>
  new MmapvetError('HISTORY_NONE', 'No run was recorded yet.', {
    hint: 'Run "mmapvet run", or "mmapvet history --import FOLDER" for run folders that you have.',
  });

function positive(value: unknown): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw usageError('LAST_BAD', `--last "${String(value)}" is no number of runs.`, 'Write a number from 1 up.');
}

function filterFrom(values: Values): RunFilter {
  const given = [values['target'], values['arch']].flatMap((value) => (value ?? []) as readonly string[]);
  const targets = given.flatMap((value) => value.split(','));
  const kernel = values['kernel'];
  return { targets, ...(typeof kernel === 'string' ? { kernel } : {}) };
}

function chooseCells(
  history: History,
  globs: readonly string[],
  filter: RunFilter,
  last: number,
  values: Values,
): CellTrend[] {
  const patterns = globs.map(globToRegExp);
  const { targets = [] } = filter;
  const runs = readRuns(history, filter);
  const asked = ({ clause, target }: CellId): boolean =>
    (patterns.length === 0 || patterns.some((pattern) => pattern.test(clause))) &&
    (targets.length === 0 || targets.includes(target));
  if (values['flaky'] !== true && values['slowest'] !== true)
    return readCells(history, runs, asked).map((past) => trendOf(past, last));

  // Of all cells only the last runs are read, of those that are shown the whole past.
  const recent = readCells(history, runs.slice(-last), asked);
  const flaky = values['flaky'] === true ? recent.filter((past) => flakesOf(past, last).odd > 0) : recent;
  const chosen = values['slowest'] === true ? slowest(flaky, last) : flaky;
  if (runs.length <= last) return chosen.map((past) => trendOf(past, last));
  const places = new Map(chosen.map(({ id }, place) => [id, place]));
  return readCells(history, runs, (_, id) => places.has(id))
    .toSorted((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0))
    .map((past) => trendOf(past, last));
}

function slowest(cells: readonly CellPast[], last: number): CellPast[] {
  return cells
    .map((past) => ({ past, took: medianOf(past, last) ?? 0 }))
    .toSorted((a, b) => b.took - a.took)
    .slice(0, SLOWEST)
    .map(({ past }) => past);
}

function cellJson(trend: CellTrend, reasonOf: (run: number, cell: number) => string): object {
  const { id, cell, recent, latest, badSince, lastGood, flakes, medianMs } = trend;
  return {
    ...cell,
    outcome: latest?.outcome ?? null,
    badSince: badSince?.name ?? null,
    lastGood: lastGood?.name ?? null,
    flakes,
    medianMs,
    runs: recent.map(({ run, outcome, ran, durationMs }) => ({
      run: run.name,
      outcome,
      ran,
      durationMs,
      reason: reasonOf(run.id, id),
    })),
  };
}

/** What can be read is taken, what can't be is named; the exit code tells. */
async function importFolders(given: readonly string[], { screen }: CommandContext): Promise<number> {
  const { findRunFolders, readRecord } = await import('../../results/history/folders.ts');
  const folders = given.flatMap(findRunFolders);
  if (folders.length === 0)
    throw usageError('IMPORT_NOTHING', '--import needs a folder.', 'Name run folders, or a folder that has some.');
  using history = openHistory();
  let added = 0;
  let failed = 0;
  for (const folder of folders) {
    try {
      if (recordRun(history, readRecord(folder))) added += 1;
    } catch (error) {
      failed += 1;
      screen.err(`${screen.style('yellow', 'skipped')} ${folder}: ${messageOf(error)}\n`);
    }
  }
  const known = folders.length - added - failed;
  const rest = [known > 0 ? `${known} known already` : '', failed > 0 ? `${failed} unreadable` : ''];
  screen.out(`${[plural(added, 'run added', 'runs added'), ...rest.filter((text) => text !== '')].join(', ')}\n`);
  return failed > 0 ? EXIT.undecided : EXIT.good;
}
