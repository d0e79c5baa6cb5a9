/**
 * One character a verdict, for logs that must stay short: a row of dots comes when it is full, and whatever is no pass is named at the end.
 */
import type { Cell } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { harmless } from '../probe/untrusted.ts';
import { causesOf, compactNames, needsALook, shortName } from './cell-lists.ts';
import { headerLine } from './lines/header.ts';
import { LOOKS, PLAIN } from './lines/paint.ts';
import { summaryLines } from './lines/summary.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import { applyEvent, createRunState, decidedCells, undecidedCells, type RunState } from './run-state.ts';
import { wrap } from './wrap.ts';

/** Each outcome's character; plain ASCII, since logs end up anywhere. */
export const DOTS: Readonly<Record<Outcome, string>> = {
  pass: '.',
  fail: 'F',
  changed: 'c',
  fault: '!',
  vacuous: 'v',
  error: 'E',
  'not-applicable': '-',
  flaky: '~',
  known: 'k',
};

const COLUMNS = 100;
const DOTS_A_ROW = 80;

export function createDotReporter(sink: Sink, options: ReportOptions): Reporter {
  const state = createRunState();
  /** Dots of each target that are no whole row yet: targets run side by side, and a row is of one. */
  const rows = new Map<string, string>();
  let headed = false;
  let ended = false;

  function head(): void {
    if (!headed) sink.write(`${headerLine(state, PLAIN, options.home)}\n`);
    headed = true;
  }

  function flush(target: string): void {
    const width = Math.max(...[...state.targets.keys()].map((name) => name.length));
    const row = rows.get(target) ?? '';
    if (row !== '') sink.write(`${harmless(target).padEnd(width)}  ${row}\n`);
    rows.set(target, '');
  }

  function dot({ target, outcome }: Cell): void {
    head();
    rows.set(target, (rows.get(target) ?? '') + DOTS[outcome]);
    if (rows.get(target)?.length === DOTS_A_ROW) flush(target);
  }

  function conclude(): void {
    if (ended) return;
    ended = true;
    head();
    for (const target of rows.keys()) flush(target);
    sink.write(
      endLines(state, options)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }

  return {
    onEvent(event) {
      applyEvent(state, event);
      if (event.kind === 'cell') dot(event.cell);
      else if (event.kind === 'run-end') conclude();
    },
    finish() {
      // A run that was killed has no end event.
      if (state.startedAt !== null) conclude();
    },
  };
}

function endLines(state: RunState, options: ReportOptions): string[] {
  const faults = [...state.targets.values()].flatMap((target) =>
    target.faults.map(({ during, fault }) => `! fault  ${target.name}  ${harmless(`${during}: ${fault.title}`)}`),
  );
  const notes = [...state.notes, ...[...state.targets.values()].flatMap((target) => target.notes)]
    .filter((note) => note.level !== 'info')
    .map((note) => `${note.level}  ${note.target ?? ''}  ${harmless(note.text.split('\n', 1)[0] ?? '')}`);
  const causes = causesOf(state)
    .filter(({ outcome }) => needsALook(outcome))
    .flatMap(({ outcome, target, reason, cells }) =>
      named(outcome, target, cells.map(shortName), reason === '' ? '' : `: ${reason}`),
    );
  // The summary has the reasons of these; and dots come in any order, so which cells they are is said here.
  const excused = [...state.targets.values()].flatMap((target) => {
    const cells = decidedCells(target);
    return (['known', 'not-applicable'] as const).flatMap((outcome) =>
      named(
        outcome,
        target.name,
        compactNames(cells, (cell) => cell.outcome === outcome),
      ),
    );
  });
  const open = [...state.targets.values()].flatMap((target) => {
    const undecided = new Set(undecidedCells(target));
    const names = compactNames(target.planned, (cell) => undecided.has(cell));
    return names.length === 0 ? [] : wrap(`${target.name} ${names.join(' ')}`, COLUMNS, '? not run  ', '    ');
  });
  const body = [...notes.flatMap((note) => wrap(note, COLUMNS, '', '    ')), ...faults, ...causes, ...excused, ...open];
  return ['', ...body, ...(body.length > 0 ? [''] : []), ...summaryLines(state, COLUMNS, PLAIN, options.home)];
}

function named(outcome: Outcome, target: string, names: readonly string[], after = ''): string[] {
  if (names.length === 0) return [];
  const text = harmless(`${target} ${names.join(' ')}${after}`);
  return wrap(text, COLUMNS, `${DOTS[outcome]} ${LOOKS[outcome].word}  `, '    ');
}
