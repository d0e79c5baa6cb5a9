/** A cell that is no plain pass, in full: what both observers saw, where to look, how to repeat it. */
import { join } from 'node:path';
import type { Cell, Fact, Fault } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import { harmless } from '../../probe/untrusted.ts';
import { behaviourRows, recordedOn, type BehaviourRow } from '../behaviour.ts';
import { describeRedControl, findClause, sourceOf, titleOf } from '../catalogue.ts';
import { padTo, shortenHome } from '../format.ts';
import { repeatCell } from '../repeat-command.ts';
import { repeatLines } from '../repeats.ts';
import type { ReportOptions } from '../reporter.ts';
import type { RunState } from '../run-state.ts';
import { frameText, guiltyFrames, SHOWN_FRAMES } from './fault.ts';
import { LOOKS, type Paint } from './paint.ts';

const LABEL_WIDTH = 13;
const SPLAT_LINES = 12;
/** The reason repeats the facts in these outcomes. */
const FACTS_SAY_IT: ReadonlySet<Outcome> = new Set(['fail']);
/** Worth a block of its own at the end. */
const IN_FULL: ReadonlySet<Outcome> = new Set(['fail', 'fault', 'flaky', 'error', 'vacuous', 'changed']);

export const isInFull = (cell: Cell): boolean => IN_FULL.has(cell.outcome);

/** `  ✗ fail  E02 direct x86_64  text`. */
export function cellHeadline(cell: Cell, text: string, paint: Paint): string {
  const { sign, word, style } = LOOKS[cell.outcome];
  const name = paint('bold', `${cell.clause} ${cell.path} ${cell.target}`);
  return `  ${paint(style, `${sign} ${word}`)}  ${name}  ${harmless(text)}`.trimEnd();
}

/** The full block, without an empty line around it. */
export function cellBlock(cell: Cell, state: RunState, options: ReportOptions, paint: Paint): string[] {
  const clause = findClause(options.catalogue, cell.clause);
  const rows = behaviourRows(cell);
  const reason =
    (FACTS_SAY_IT.has(cell.outcome) && hasBadFact(cell)) || (rows.length > 0 && cell.outcome === 'changed')
      ? ''
      : cell.reason;
  return [
    cellHeadline(cell, titleOf(options.catalogue, cell.clause, cell.path), paint),
    ...labelled('why', reason === '' ? [] : [harmless(reason)], paint),
    ...repeatLines(cell).flatMap(({ label, text }) => labelled(label, [harmless(text)], paint)),
    ...labelled('recorded', rows.length === 0 ? [] : [harmless(recordedOn(cell))], paint),
    ...labelled('driver', observerLines(cell, 'driver', rows, paint), paint),
    ...labelled('user', observerLines(cell, 'user', rows, paint), paint),
    ...cell.faults.flatMap((fault) => labelled('console', splatLines(fault), paint)),
    ...labelled('kernel', sourceOf(options.catalogue, cell), paint),
    ...labelled('red control', clause?.redControls.map(describeRedControl) ?? [], paint),
    ...labelled(
      'decided in',
      cell.takenFrom === undefined ? [] : [shortenHome(harmless(cell.takenFrom), options.home)],
      paint,
    ),
    ...labelled('run again', [repeatCell(state, cell)], paint),
    ...labelled('evidence', cell.evidence === null ? [] : [`${evidenceFolder(cell.evidence, state, options)}/`], paint),
  ];
}

/** Of an X clause that changed: what is recorded, and what was seen, line by line. */
function observerLines(cell: Cell, who: BehaviourRow['who'], rows: readonly BehaviourRow[], paint: Paint): string[] {
  const changed = rows.filter((row) => row.who === who);
  const told = new Set(changed.flatMap((row) => [row.seen, `not seen, but recorded: ${row.recorded}`]));
  return [
    ...changed.flatMap(({ recorded, seen }) => [
      ...(recorded === null ? [] : [`${paint('green', '-')} ${harmless(recorded)}`]),
      ...(seen === null ? [] : [`${paint('yellow', '+')} ${harmless(seen)}`]),
    ]),
    ...factLines(
      cell.observers[who].filter((fact) => !told.has(fact.text)),
      paint,
    ),
  ];
}

/** A fault that no cell can be blamed for: while booting, loading or unloading the driver. */
export function kernelFaultHeadline(target: string, during: string, fault: Fault, paint: Paint): string {
  return `  ${paint('red', '! fault')}  ${paint('bold', target)}  ${harmless(`${during}: ${fault.title}`)}`;
}

export function kernelFaultBlock(target: string, during: string, fault: Fault, paint: Paint): string[] {
  return [kernelFaultHeadline(target, during, fault, paint), ...labelled('console', splatLines(fault), paint)];
}

const hasBadFact = (cell: Cell): boolean => [...cell.observers.driver, ...cell.observers.user].some((fact) => !fact.ok);

const evidenceFolder = (evidence: string, state: RunState, options: ReportOptions): string =>
  shortenHome(join(state.folder, evidence), options.home);

/** What is wrong first: a reader stops at the first line. */
function factLines(facts: readonly Fact[], paint: Paint): string[] {
  const sorted = [...facts.filter((fact) => !fact.ok), ...facts.filter((fact) => fact.ok)];
  return sorted.map((fact) => `${fact.ok ? paint('green', '✓') : paint('red', '✗')} ${harmless(fact.text)}`);
}

/** What the kernel said: its first words and where it was, or the beginning of the splat where no symbols are known. */
export function splatLines(fault: Fault): string[] {
  const frames = guiltyFrames(fault, SHOWN_FRAMES);
  if (frames.some((frame) => frame.file !== null)) {
    const head = fault.lines.find((line) => !line.startsWith('---')) ?? fault.title;
    return [harmless(head), ...frames.map((frame, index) => `  ${index === 0 ? 'in' : 'by'} ${frameText(frame)}`)];
  }
  const lines = fault.lines.slice(0, SPLAT_LINES).map((line) => harmless(line));
  const more = fault.lines.length - lines.length;
  return more > 0 ? [...lines, `… ${more} more`] : lines;
}

export function labelled(label: string, lines: readonly string[], paint: Paint): string[] {
  return lines.map((line, index) => `      ${paint('dim', padTo(index === 0 ? label : '', LABEL_WIDTH))}${line}`);
}
