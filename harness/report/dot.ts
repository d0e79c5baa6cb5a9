/**
 * One character a verdict, for logs that must stay short: the dots come live, and whatever is no pass is named at the end.
 */
import type { Cell } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { harmless } from '../probe/untrusted.ts';
import { causesOf, needsALook, shortName } from './cell-lists.ts';
import { headerLine } from './lines/header.ts';
import { LOOKS, PLAIN } from './lines/paint.ts';
import { summaryLines } from './lines/summary.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import { applyEvent, createRunState, type RunState } from './run-state.ts';
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
  const row = { target: '', length: 0 };
  let headed = false;
  let ended = false;

  function head(): void {
    if (!headed) sink.write(`${headerLine(state, PLAIN, options.home)}\n`);
    headed = true;
  }

  function dot(cell: Cell): void {
    head();
    if (row.target !== cell.target || row.length === DOTS_A_ROW) {
      const width = Math.max(...[...state.targets.keys()].map((name) => name.length));
      sink.write(`${row.length > 0 ? '\n' : ''}${harmless(cell.target).padEnd(width)}  `);
      Object.assign(row, { target: cell.target, length: 0 });
    }
    sink.write(DOTS[cell.outcome]);
    row.length += 1;
  }

  function conclude(): void {
    if (ended) return;
    ended = true;
    head();
    const lines = endLines(state, options);
    sink.write(`${row.length > 0 ? '\n' : ''}${lines.map((line) => `${line}\n`).join('')}`);
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
  // The summary has what is excused.
  const looked = causesOf(state).filter(({ outcome }) => needsALook(outcome));
  const causes = looked.flatMap(({ outcome, target, reason, cells }) =>
    wrap(
      `${harmless(target)} ${cells.map(shortName).join(' ')}${reason === '' ? '' : `: ${harmless(reason)}`}`,
      COLUMNS,
      `${DOTS[outcome]} ${LOOKS[outcome].word}  `,
      '    ',
    ),
  );
  const body = [...notes.flatMap((note) => wrap(note, COLUMNS, '', '    ')), ...faults, ...causes];
  return ['', ...body, ...(body.length > 0 ? [''] : []), ...summaryLines(state, COLUMNS, PLAIN, options.home)];
}
