/** What the probes ran of the lines that a series changes, and of the mmap path's functions. */
import type { ChangedRange, Coverage } from '../../core/events.ts';
import { plural } from '../../core/words.ts';
import { harmless } from '../../probe/untrusted.ts';
import { changedCounts } from '../../results/coverage.ts';
import { padTo, widthOf } from '../format.ts';
import type { RunState } from '../run-state.ts';
import type { Paint } from './paint.ts';

export const coveragesOf = (state: RunState): Coverage[] =>
  [...state.targets.values()].flatMap(({ coverage }) => (coverage === null ? [] : [coverage]));

/** What a verdict is worth where the probes do not run what the series changes; empty where they do. */
export function coverageSentences(coverages: readonly Coverage[]): string[] {
  const poor = coverages.flatMap(({ target, changed }) => {
    const { run, code } = changedCounts(changed);
    if (changed.length === 0 || run > 0) return [];
    const what =
      code === 0
        ? 'The series changes no line that can be counted'
        : `No probe of this run reaches ${code === 1 ? 'the changed line' : `any of the ${code} changed lines`}`;
    return [{ target, what }];
  });
  return [...Map.groupBy(poor, ({ what }) => what)].map(
    ([what, targets]) =>
      `${what} on ${targets.map(({ target }) => target).join(', ')}: the verdict says little about this series.`,
  );
}

export function coverageLines(state: RunState, paint: Paint): string[] {
  const coverages = coveragesOf(state);
  if (coverages.length === 0) return [];
  return [...changedLines(coverages, paint), ...functionLines(coverages, paint)];
}

/** Targets on which all fared alike are told once. */
function changedLines(coverages: readonly Coverage[], paint: Paint): string[] {
  const alike = Map.groupBy(coverages, ({ changed }) => JSON.stringify(changed));
  return [...alike.values()].flatMap((same) => {
    const changed = same[0]?.changed ?? [];
    if (changed.length === 0) return [];
    const { run, code } = changedCounts(changed);
    const names = changed.map(placeOf);
    const width = Math.max(...names.map(widthOf));
    return [
      `  Changed lines  ${run} of ${plural(code, 'line')} with code run on ${same.map(({ target }) => target).join(', ')}`,
      ...changed.map((range, index) => {
        const [sign, text] = fateOf(range, paint);
        return `    ${sign} ${padTo(names[index]!, width)}  ${text}`;
      }),
    ];
  });
}

export function placeOf({ file, from, to, removal }: ChangedRange): string {
  const lines = removal ? `${from} (removal before)` : from === to ? `${from}` : `${from}-${to}`;
  return `${harmless(file)}:${lines}`;
}

const CLAUSES = 10;

function fateOf({ state, clauses, background }: ChangedRange, paint: Paint): [sign: string, text: string] {
  switch (state) {
    case 'run': {
      const more = clauses.length > CLAUSES ? ` and ${clauses.length - CLAUSES} more` : '';
      const any = background ? paint('dim', '; any process runs it') : '';
      return [paint('green', '✓'), `${clauses.slice(0, CLAUSES).join(' ')}${more}${any}`];
    }
    case 'never':
      return [paint('red', '✗'), background ? 'no clause, but any process runs it' : 'never run'];
    case 'no-code':
      return [paint('dim', '·'), paint('dim', 'no code')];
    case 'not-counted':
      return [paint('yellow', '?'), 'not counted: no C file of this kernel'];
  }
}

function functionLines(coverages: readonly Coverage[], paint: Paint): string[] {
  const rows = new Map<string, { readonly name: string; readonly cells: Map<string, string> }>();
  for (const { target, functions } of coverages)
    for (const { file, name, lines, run, told } of functions) {
      if (!told) continue;
      const key = `${file} ${name}`;
      const row = rows.get(key) ?? { name: `${harmless(file)}  ${harmless(name)}`, cells: new Map<string, string>() };
      row.cells.set(target, `${run}/${lines}`);
      rows.set(key, row);
    }
  if (rows.size === 0) return [];
  const targets = coverages.map(({ target }) => target);
  const width = Math.max(...[...rows.values()].map(({ name }) => widthOf(name)));
  const columns = targets.map((target) => Math.max(widthOf(target), 7));
  const line = (name: string, cells: readonly string[]): string =>
    `    ${padTo(name, width)}  ${cells.map((cell, index) => padTo(cell, columns[index]!)).join('  ')}`.trimEnd();
  return [
    `  Functions of the mmap path ${paint('dim', '(lines run of lines with code)')}`,
    paint('dim', line('', targets)),
    ...[...rows.values()].map(({ name, cells }) =>
      line(
        name,
        targets.map((target) => cells.get(target) ?? '-'),
      ),
    ),
  ];
}
