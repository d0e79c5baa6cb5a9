/**
 * How far several kernels are that are vetted for one question: a line for each stage that is over, or on a terminal a
 * window with a row for each kernel and target. What comes of it the question says at its end.
 */
import type { Event } from '../core/events.ts';
import type { Screen } from '../core/screen.ts';
import { harmless, harmlessText } from '../probe/untrusted.ts';
import { padTo } from './format.ts';
import type { Paint } from './lines/paint.ts';
import { deservesLine, stageEndLine, stageRows } from './lines/stages.ts';
import { createLiveWindow, SYSTEM_CLOCK, type Clock } from './live-window.ts';
import type { NamedReporter } from './multiplexer.ts';
import type { Sink } from './reporter.ts';
import { applyEvent, createRunState, targetOf, type RunState } from './run-state.ts';

export interface Progress {
  /** A reporter for one kernel; a second one of the same name goes on in its row. */
  of(kernel: string): NamedReporter;
  /** Takes the window off the screen; nothing more is shown. */
  close(): void;
}

export interface ProgressOptions {
  readonly screen: Pick<Screen, 'live' | 'columns' | 'style'>;
  /** Columns of the widest kernel's name. */
  readonly width: number;
  readonly clock?: Clock;
}

export function createProgress(sink: Sink, { screen, width, clock = SYSTEM_CLOCK }: ProgressOptions): Progress {
  const paint = screen.style;
  const states = new Map<string, RunState>();
  const window = screen.live
    ? createLiveWindow({
        write: (text) => sink.write(text),
        columns: () => screen.columns,
        clock,
        render: () => [...states].flatMap(([name, state]) => rowsOf(name, state, clock.now(), width, paint)),
      })
    : null;
  const print = (...lines: readonly string[]): void => {
    if (window === null) sink.write(lines.map((line) => `${line}\n`).join(''));
    else window.print(lines);
  };
  return {
    of(name) {
      const state = createRunState();
      return {
        name: 'progress',
        reporter: {
          onEvent(event) {
            if (event.kind === 'run-start') states.set(name, state);
            applyEvent(state, event);
            print(...linesOf(name, event, state, window === null, width, paint));
            // What is over needs no row.
            if (event.kind === 'run-end') states.delete(name);
            window?.refresh();
          },
        },
      };
    },
    close: () => window?.close(),
  };
}

const label = (name: string, width: number, paint: Paint): string => `  ${paint('bold', padTo(name, width))}`;

const rowsOf = (name: string, state: RunState, now: number, width: number, paint: Paint): string[] =>
  stageRows(state, now, paint).map((row) => label(name, width, paint) + row);

function linesOf(name: string, event: Event, state: RunState, still: boolean, width: number, paint: Paint): string[] {
  const whom = label(name, width, paint);
  switch (event.kind) {
    case 'note': {
      if (event.level === 'info' && !still) return [];
      const [first = '', ...rest] = harmlessText(event.text).split('\n');
      const sign = { info: paint('dim', '·'), warning: paint('yellow', '!'), error: paint('red', '✗') }[event.level];
      const target = event.target === null ? '' : `${event.target}  `;
      return [`${whom}  ${target}${sign} ${first}`, ...rest.map((line) => `      ${harmless(line)}`)];
    }
    case 'stage-end': {
      if (event.guest !== undefined || (!still && event.ok)) return [];
      const stages = event.target === null ? state.shared : targetOf(state, event.target).stages;
      const stage = stages.get(event.stage);
      const columns = Math.max(0, ...[...state.targets.keys()].map(({ length }) => length));
      if (stage === undefined || !deservesLine(stage)) return [];
      return [whom + stageEndLine(event.target ?? '', stage, columns, paint)];
    }
    case 'kernel-fault':
      return [`${whom}  ${event.target}  ${paint('red', '!')} ${harmless(`${event.during}: ${event.fault.title}`)}`];
    case 'run-start':
    case 'kernel':
    case 'stage-start':
    case 'stage-progress':
    case 'build':
    case 'guest':
    case 'coverage':
    case 'cell-start':
    case 'cell':
    case 'run-end':
      return [];
  }
}
