/**
 * The reporter that a person reads live. On a terminal a window shows how far each target is; elsewhere the same things
 * come as plain lines. Both end alike: verdicts by group, what needs attention in full, a summary.
 */
import type { Cell, Event } from '../core/events.ts';
import type { Screen } from '../core/screen.ts';
import { harmless, harmlessText } from '../probe/untrusted.ts';
import { ALIKE, attentionLines, causeKey } from './lines/attention.ts';
import { cellHeadline, isInFull, kernelFaultHeadline } from './lines/failure.ts';
import { groupLine, groupTable, isGroupDone } from './lines/groups.ts';
import { headerLine } from './lines/header.ts';
import { deservesLine, quarter, stageEndLine, stageProgressLine, stageRows, targetWidth } from './lines/stages.ts';
import { summaryLines } from './lines/summary.ts';
import { createLiveWindow, SYSTEM_CLOCK, type Clock, type LiveWindow } from './live-window.ts';
import { groupOf } from './catalogue.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import { allCells, applyEvent, createRunState, targetOf, type Note, type RunState } from './run-state.ts';

export interface ListOptions extends ReportOptions {
  readonly screen: Pick<Screen, 'live' | 'columns' | 'style'>;
  readonly clock?: Clock;
}

/** Wide terminals get no wider tables: the eye loses the line. */
const MAX_COLUMNS = 120;

const neverStarted = ({ ran, outcome }: Cell): boolean => !ran && (outcome === 'error' || outcome === 'fault');

/** The list reporter; `finish` must be called, it takes the window off the screen. */
export function createListReporter(sink: Sink, options: ListOptions): Reporter {
  const { screen, catalogue, home } = options;
  const clock = options.clock ?? SYSTEM_CLOCK;
  const paint = screen.style;
  const state = createRunState();
  const columns = () => Math.min(MAX_COLUMNS, screen.columns);
  const window: LiveWindow | null = screen.live
    ? createLiveWindow({
        write: (text) => sink.write(text),
        columns: () => screen.columns,
        clock,
        render: () => windowLines(state, clock.now(), columns()),
      })
    : null;
  const quarters = new Map<string, number>();
  const causes = new Map<string, number>();
  // Line 1 names the kernel; what comes before it is known waits.
  let held: string[] | null = [];
  let ended = false;
  // An empty line parts the header from what comes first after it.
  let spaced = true;

  function print(...lines: string[]): void {
    if (lines.length === 0) return;
    const parted = spaced ? lines : ['', ...lines];
    spaced = true;
    if (held !== null) held.push(...lines);
    else if (window !== null) window.print(parted);
    else sink.write(parted.map((line) => `${line}\n`).join(''));
  }

  function release(): void {
    if (held === null) return;
    const waiting = held;
    held = null;
    print(headerLine(state, paint, home), ...(waiting.length > 0 ? ['', ...waiting] : []));
    spaced = waiting.length > 0;
  }

  function windowLines(now: RunState, at: number, width: number): string[] {
    const rows = stageRows(now, at, paint);
    const table = groupTable(now, catalogue, width, paint, false);
    return ['', ...rows, ...(table.length === 0 ? [] : ['', ...table])];
  }

  function plainStage(event: Extract<Event, { kind: 'stage-progress' | 'stage-end' }>): void {
    if (event.kind === 'stage-end' && event.guest !== undefined) return;
    const stages = event.target === null ? state.shared : targetOf(state, event.target).stages;
    const stage = stages.get(event.stage);
    if (stage === undefined) return;
    const [name, width] = [event.target ?? '', targetWidth(state)];
    if (event.kind === 'stage-end') {
      if (deservesLine(stage)) print(stageEndLine(name, stage, width, paint));
      return;
    }
    const reached = quarter(stage);
    const key = `${name} ${event.stage}`;
    if (event.stage !== 'build' || reached === null || reached === 0 || reached === 4) return;
    if (reached <= (quarters.get(key) ?? 0)) return;
    quarters.set(key, reached);
    print(stageProgressLine(name, stage, width, paint));
  }

  function shown(event: Event): void {
    switch (event.kind) {
      case 'kernel':
        return release();
      case 'note':
        if (event.level === 'error') release();
        if (event.level !== 'info' || window === null)
          print(...noteLines({ ...event, hint: event.hint ?? '', code: event.code ?? '' }));
        return;
      case 'stage-progress':
        if (window === null) plainStage(event);
        return;
      case 'stage-end':
        if (window === null || !event.ok) plainStage(event);
        return;
      case 'cell': {
        const { cell } = event;
        if (isInFull(cell) && isNews(cell)) print(cellHeadline(cell, cell.reason, paint));
        const letter = groupOf(cell.clause);
        if (window === null && isGroupDone(targetOf(state, cell.target), letter))
          print(groupLine(state, cell.target, letter, catalogue, paint));
        return;
      }
      case 'kernel-fault':
        print(kernelFaultHeadline(event.target, event.during, event.fault, paint));
        return;
      case 'run-end':
        return conclude();
      case 'run-start':
      case 'stage-start':
      case 'build':
      case 'guest':
      case 'coverage':
      case 'cell-start':
        return;
    }
  }

  /** The first few cells of one cause; the end says how many there were. */
  function isNews(cell: Cell): boolean {
    const key = causeKey(cell);
    const seen = (causes.get(key) ?? 0) + 1;
    causes.set(key, seen);
    return seen <= ALIKE;
  }

  function noteLines(note: Note): string[] {
    const sign = { info: paint('dim', '·'), warning: paint('yellow', '!'), error: paint('red', '✗') }[note.level];
    const whom = note.target === null ? '' : `${paint('bold', note.target)}  `;
    const [first = '', ...rest] = harmlessText(note.text).split('\n');
    return [
      `  ${sign} ${whom}${first}`,
      ...rest.map((line) => `    ${line}`),
      ...(note.hint === '' ? [] : [`    ${paint('dim', '→')} ${harmless(note.hint)}`]),
    ];
  }

  function conclude(): void {
    if (ended) return;
    ended = true;
    release();
    window?.close();
    spaced = true;
    const table = groupTable(state, catalogue, columns(), paint, true);
    if (table.length > 0 && allCells(state).length > 0) print('', ...table);
    print(...attentionLines(state, options, paint));
    print('', ...summaryLines(state, columns(), paint, home));
  }

  return {
    onEvent(event) {
      // What kept probes from starting is said once, by its note; these cells then count as not run.
      if (event.kind === 'cell' && neverStarted(event.cell)) return;
      applyEvent(state, event);
      shown(event);
      if (event.kind !== 'run-end') window?.refresh();
    },
    log(line) {
      print(paint('dim', harmless(line)));
    },
    finish() {
      // A run that was killed has no end event.
      if (state.startedAt !== null) conclude();
      window?.close();
    },
  };
}
