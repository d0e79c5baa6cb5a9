/**
 * KTAP version 1: one nested block a target, one result a cell. The kernel's own reader (tools/testing/kunit/kunit.py)
 * takes it, so the rules that only that reader has are kept too.
 */
import type { Cell, CellId, Fault } from '../core/events.ts';
import { harmless } from '../probe/untrusted.ts';
import { behaviourLines } from './behaviour.ts';
import { titleOf } from './catalogue.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import {
  applyEvent,
  createRunState,
  damageOf,
  decidedCells,
  stoppedBy,
  undecidedCells,
  type RunState,
  type TargetState,
} from './run-state.ts';

export function createKtapReporter(sink: Sink, options: ReportOptions): Reporter {
  const state = createRunState();
  return {
    onEvent: (event) => applyEvent(state, event),
    finish: () => sink.write(renderKtap(state, options)),
  };
}

export function renderKtap(state: RunState, options: ReportOptions): string {
  const targets = [...state.targets.values()];
  const lines = [
    'KTAP version 1',
    ...diagnostics(headLines(state)),
    `1..${targets.length}`,
    ...targets.flatMap((target, index) => targetLines(state, target, index + 1, options)),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines(state: RunState): string[] {
  const { kernel } = state;
  return [
    state.tool,
    ...(kernel === null
      ? []
      : [`linux ${kernel.version} (${kernel.source}${kernel.dirty ? ', uncommitted edits' : ''})`]),
    ...(kernel?.series ?? []).map((patch) => `patch ${patch.subject}`),
    ...state.notes.filter((note) => note.level === 'error').map((note) => note.text),
    ...damageOf(state),
  ];
}

function targetLines(state: RunState, target: TargetState, number: number, options: ReportOptions): string[] {
  const cells = decidedCells(target);
  const undecided = undecidedCells(target);
  const stopped = stoppedBy(target, state);
  const notes = diagnostics([
    ...target.notes.filter((note) => note.level === 'error').map((note) => note.text),
    ...target.faults.flatMap(({ during, fault }) => [`${during}: ${fault.title}`, ...fault.lines]),
  ]);
  const reason = stopped === null ? '' : `${stopped.stage}: ${stopped.reason}`;
  if (cells.length === 0) {
    const why = reason === '' ? 'no verdict' : `no verdict: ${reason}`;
    return [...notes, `not ok ${number} ${clean(target.name)} # ERROR ${oneLine(why)}`];
  }
  const results = [
    ...cells.map((cell, index) => cellLines(cell, index + 1, options)),
    ...undecided.map((cell, index) => [
      `not ok ${cells.length + index + 1} ${nameOf(cell, options)} # ERROR not run${reason === '' ? '' : `: ${oneLine(reason)}`}`,
    ]),
  ];
  const ok = undecided.length === 0 && target.faults.length === 0 && cells.every((cell) => resultOf(cell).ok);
  return [
    '  KTAP version 1',
    `  # Subtest: ${clean(target.name)}`,
    `  1..${results.length}`,
    ...results.flat().map((line) => `  ${line}`),
    ...notes,
    `${ok ? 'ok' : 'not ok'} ${number} ${clean(target.name)}`,
  ];
}

function cellLines(cell: Cell, number: number, options: ReportOptions): string[] {
  const { ok, directive } = resultOf(cell);
  const fact = (who: string) => (each: { ok: boolean; text: string }) =>
    `${who} ${each.ok ? 'ok' : 'bad'}: ${each.text}`;
  const { driver, user } = cell.observers;
  return [
    ...diagnostics([
      ...driver.map(fact('driver')),
      ...user.map(fact('user')),
      ...behaviourLines(cell),
      ...cell.faults.flatMap(faultLines),
      ...cell.repeats.map(
        (each, index) => `repeat ${index + 1}: ${each.outcome}${each.reason === '' ? '' : `: ${each.reason}`}`,
      ),
      // A plain fail's reason repeats its facts, but other readers than ours may not know where to look.
      ...(cell.reason === '' || directive !== '' ? [] : [`${cell.outcome} ${cell.reason}`]),
    ]),
    ...caseLines(cell),
    `${ok ? 'ok' : 'not ok'} ${number} ${nameOf(cell, options)}${directive === '' ? '' : ` # ${oneLine(directive)}`}`,
  ];
}

/** The test cases of a program: a block of its own below it. */
function caseLines({ clause, path, cases = [] }: Cell): string[] {
  if (cases.length === 0) return [];
  const results = cases.flatMap(({ name, outcome, reason }, index) => {
    const { ok, directive } = resultOf({ outcome, reason });
    const words = directive === '' ? '' : ` # ${oneLine(directive)}`;
    return [
      ...(ok || directive !== '' || reason === '' ? [] : diagnostics([reason])),
      `${ok ? 'ok' : 'not ok'} ${index + 1} ${clean(name)}${words}`,
    ];
  });
  const lines = ['KTAP version 1', `# Subtest: ${clean(`${clause}.${path}`)}`, `1..${cases.length}`, ...results];
  return lines.map((line) => `  ${line}`);
}

const faultLines = (fault: Fault): string[] => [`splat ${fault.class}: ${fault.title}`, ...fault.lines];

/** The mapping of outcomes to KTAP. A time limit has a directive of its own. */
function resultOf(cell: Pick<Cell, 'outcome' | 'reason'>): { readonly ok: boolean; readonly directive: string } {
  const { outcome, reason } = cell;
  switch (outcome) {
    case 'pass':
    case 'changed':
      return { ok: true, directive: '' };
    case 'fail':
    case 'fault':
    case 'flaky':
      return { ok: false, directive: '' };
    case 'known':
      return { ok: true, directive: `XFAIL ${reason}` };
    case 'vacuous':
      return { ok: false, directive: `ERROR vacuous: ${reason}` };
    case 'error':
      return { ok: false, directive: `${/\btime limit\b/.test(reason) ? 'TIMEOUT' : 'ERROR'} ${reason}` };
    case 'not-applicable':
      return { ok: true, directive: `SKIP ${reason}` };
  }
}

/** `E02.direct an error from mapped unmaps the whole range`; unique within its block. */
function nameOf(cell: CellId, { catalogue }: ReportOptions): string {
  return clean(`${cell.clause}.${cell.path} ${titleOf(catalogue, cell.clause, cell.path)}`);
}

/** A description may hold no `#` and no line break. */
const clean = (text: string): string => oneLine(text.replaceAll('#', ''));

const oneLine = (text: string): string => harmless(text).replaceAll(/\s+/g, ' ').trim();

// kunit.py stops reading where a line has one of these, wherever it stands.
const END_MARKS = /(List of all partitions|Kernel panic - not syncing: VFS|reboot: System halted):?/g;

/** `# ` lines; they must read neither like a nested block's name nor like the end of all output. */
function diagnostics(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split('\n'))
    .map((text) => harmless(text).trimEnd())
    .map((text) =>
      text.replaceAll(END_MARKS, (mark) => `${mark.replaceAll(':', '')} -`).replace(/^\s*Subtest:/, 'Subtest'),
    )
    .map((text) => `# ${text}`.trimEnd());
}
