/** From a run's state to what the page shows: an index that is there at once, and details that are unpacked on demand. */
import { join } from 'node:path';
import type { Cell, CellId, Fact, Fault } from '../../core/events.ts';
import { OUTCOMES } from '../../core/outcome.ts';
import { harmless } from '../../probe/untrusted.ts';
import { isSuite } from '../../contract/suites.ts';
import { describeRedControl, findClause, groupName, groupOf, titleOf } from '../catalogue.ts';
import { shortenHome } from '../format.ts';
import { LOOKS } from '../lines/paint.ts';
import { repeatCell } from '../repeat-command.ts';
import { repeatLines } from '../repeats.ts';
import type { ReportOptions } from '../reporter.ts';
import { decidedCells, undecidedCells, type RunState } from '../run-state.ts';
import type { ConsoleSlice } from './evidence.ts';
import type {
  CellDetail,
  CellRow,
  PageClause,
  PageData,
  PageDetails,
  PageFact,
  PageFault,
} from './shared/page-data.ts';

const PATH_ORDER: readonly string[] = ['direct', 'W1', 'W2', 'W3', 'W4', 'W5', 'user'];

type Planned = { readonly id: CellId; readonly cell: Cell | null };

export function runData(
  state: RunState,
  options: ReportOptions,
  consoleOf: (cell: Cell) => ConsoleSlice,
): { readonly data: PageData; readonly details: PageDetails } {
  const planned = [...state.targets.values()].flatMap((target): Planned[] => [
    ...decidedCells(target).map((cell) => ({ id: cell, cell })),
    ...undecidedCells(target).map((id) => ({ id, cell: null })),
  ]);
  const ids = [...new Set(planned.map(({ id }) => id.clause))].toSorted();
  const paths = [...new Set(planned.map(({ id }) => id.path))].toSorted(byPath);
  const targets = [...state.targets.keys()];
  const letters = [...new Set(ids.map(groupOf))];
  const sorted = planned.toSorted(
    (a, b) =>
      ids.indexOf(a.id.clause) - ids.indexOf(b.id.clause) ||
      targets.indexOf(a.id.target) - targets.indexOf(b.id.target) ||
      paths.indexOf(a.id.path) - paths.indexOf(b.id.path),
  );
  const rows = sorted.map(({ id, cell }): CellRow => [
    ids.indexOf(id.clause),
    paths.indexOf(id.path),
    targets.indexOf(id.target),
    cell === null ? -1 : OUTCOMES.indexOf(cell.outcome),
    cell?.durationMs ?? 0,
    harmless(cell?.reason ?? ''),
  ]);
  return {
    data: {
      outcomes: OUTCOMES.map((name) => ({ name, word: LOOKS[name].word, sign: LOOKS[name].sign })),
      groups: letters.map((letter) => ({ letter, name: groupName(options.catalogue, letter).slice(2) })),
      clauses: ids.map((id) => describeClause(id, options)),
      paths,
      targets,
      cells: rows,
    },
    details: {
      cells: sorted.map(({ id, cell }) => detailOf(id, cell, state, options, consoleOf)),
      explain: ids.map((id) => findClause(options.catalogue, id)?.explain ?? ''),
    },
  };
}

function byPath(a: string, b: string): number {
  const place = (path: string): number => (PATH_ORDER.includes(path) ? PATH_ORDER.indexOf(path) : PATH_ORDER.length);
  return place(a) - place(b) || a.localeCompare(b);
}

function describeClause(id: string, { catalogue }: ReportOptions): PageClause {
  const clause = findClause(catalogue, id);
  if (clause === null) return { id, title: titleOf(catalogue, id), class: '', source: '', observers: '', red: [] };
  const { title, source, observers, redControls } = clause;
  return { id, title, class: clause.class, source, observers, red: redControls.map(describeRedControl) };
}

function detailOf(
  id: CellId,
  cell: Cell | null,
  state: RunState,
  options: ReportOptions,
  consoleOf: (cell: Cell) => ConsoleSlice,
): CellDetail {
  const slice = cell === null ? { lines: [], note: '' } : consoleOf(cell);
  const folder =
    cell === null || cell.evidence === null ? '' : `${shortenHome(join(state.folder, cell.evidence), options.home)}/`;
  return {
    driver: (cell?.observers.driver ?? []).map(pageFact),
    user: [
      ...(cell?.observers.user ?? []).map(pageFact),
      ...(cell?.cases ?? []).flatMap(({ name, outcome }): PageFact[] =>
        outcome === 'pass' ? [[1, harmless(name)]] : [],
      ),
    ],
    repeats: cell === null ? [] : repeatLines(cell).map(({ label, text }) => [label, harmless(text)]),
    faults: (cell?.faults ?? []).map(pageFault),
    log: (cell?.log ?? []).map((line) => harmless(line)),
    console: slice.lines,
    evidence: harmless([folder, slice.note].filter((part) => part !== '').join('  ')),
    commands: [repeatCell(state, id), ...(isSuite(id.clause) ? [] : [`mmapvet explain ${id.clause}`])].map((command) =>
      harmless(command),
    ),
  };
}

const pageFact = ({ ok, text }: Fact): PageFact => [ok ? 1 : 0, harmless(text)];

/** What later versions record of a fault; absent from older runs, and from runs without symbols. */
interface FrameLike {
  readonly function?: unknown;
  readonly file?: unknown;
  readonly line?: unknown;
  readonly inlined?: unknown;
}

export function pageFault(fault: Fault): PageFault {
  const more = fault as Fault & { frames?: readonly FrameLike[]; function?: unknown; fingerprint?: unknown };
  const text = (value: unknown): string => (typeof value === 'string' ? harmless(value) : '');
  return {
    title: harmless(fault.title),
    class: harmless(fault.class),
    lines: fault.lines.map((line) => harmless(line)),
    frames: (more.frames ?? []).map((frame) => {
      const place =
        text(frame.file) === '' ? '' : `${text(frame.file)}:${typeof frame.line === 'number' ? frame.line : '?'}`;
      return [text(frame.function), place, frame.inlined ? 'inlined' : ''].filter((part) => part !== '').join('  ');
    }),
    guilty: text(more.function),
    fingerprint: text(more.fingerprint),
  };
}
