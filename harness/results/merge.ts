/**
 * Several runs as one: shards of one kernel, or the cells of a matrix. Each kernel, target and profile becomes a target of
 * the merged run; its name says no more than is needed to tell it from the others. Pure.
 */
import type { Cell, CellId, Event, EventBody, KernelIdentity, Part } from '../core/events.ts';
import { countOutcomes, EXIT, exitCode, OUTCOMES } from '../core/outcome.ts';
import { plural } from '../core/words.ts';
import { kernelIdentity } from './history/record.ts';
import { mergeRepeats } from './repeats.ts';
import type { StoredRun } from './stored-run.ts';

type Of<K extends Event['kind']> = Extract<Event, { kind: K }>;

export interface MergeInput {
  readonly run: StoredRun;
  /** Where the run's files lie below the merged folder: `runs/3`. */
  readonly place: string;
}

export interface MergeOptions {
  readonly tool: string;
  readonly command: readonly string[];
  readonly folder: string;
}

const find = <K extends Event['kind']>(events: readonly Event[], kind: K): Of<K> | undefined =>
  events.find((event): event is Of<K> => event.kind === kind);

/** A run's own name for a target and profile, and what the merged run calls it. */
interface NamedPart extends Part {
  readonly key: string;
}

/** @param inputs at least one, none of them a merged run; each has events */
export function mergeRuns(inputs: readonly MergeInput[], options: MergeOptions): Event[] {
  const sorted = inputs.toSorted((a, b) => startedAt(a) - startedAt(b));
  const parts = nameParts(sorted.flatMap(({ run }) => partsOf(run)));
  const nameOf = new Map(parts.map(({ key, name }) => [key, name]));
  const moved = sorted.map(({ run, place }) => moveRun(run, place, options.folder, nameOf));
  const body = settleCells(moved.flatMap((events) => events.events));
  const planned = new Map(moved.flatMap((events) => events.cells).map((cell) => [keyOf(cell), cell]));
  const first = startedAt(sorted[0]!);
  const last = Math.max(first, ...body.map((event) => Date.parse(event.at)));
  const kernel = oneKernel(parts.flatMap((part) => part.kernel ?? []));
  const at = new Date(first).toISOString();
  return [
    {
      kind: 'run-start',
      at,
      version: 1,
      tool: options.tool,
      command: [...options.command],
      folder: options.folder,
      targets: parts.map(({ name }) => name),
      profile: [...new Set(parts.map(({ profile }) => profile))].join(' '),
      cells: [...planned.values()],
      parts: parts.map(({ key: _key, ...part }) => part),
    },
    ...(kernel === null ? [] : [{ kind: 'kernel' as const, at, kernel }]),
    ...body,
    { at: new Date(last).toISOString(), ...endOf(sorted, body) },
  ];
}

const startedAt = ({ run }: MergeInput): number => Date.parse(run.events[0]!.at);

const keyOf = (cell: CellId): string => [cell.clause, cell.path, cell.target, cell.profile].join(' ');
const partKey = (kernel: KernelIdentity | null, target: string, profile: string): string =>
  [kernel === null ? '' : kernelIdentity(kernel), target, profile].join(' ');

function partsOf(run: StoredRun): Omit<Part, 'name'>[] {
  const start = find(run.events, 'run-start')!;
  const kernel = find(run.events, 'kernel')?.kernel ?? null;
  return start.targets.map((target) => ({ target, profile: start.profile, kernel, command: start.command }));
}

/** Names that differ where kernel, target or profile do. */
function nameParts(all: readonly Omit<Part, 'name'>[]): NamedPart[] {
  const parts = [...Map.groupBy(all, (part) => partKey(part.kernel, part.target, part.profile))].map(
    ([key, [part]]) => ({ ...part!, key }),
  );
  const differ = (what: (part: Omit<Part, 'name'>) => string): boolean => new Set(parts.map(what)).size > 1;
  const profiles = differ((part) => part.profile);
  const kernels = differ((part) => (part.kernel === null ? '' : kernelIdentity(part.kernel)));
  const plain = (part: Omit<Part, 'name'>): string =>
    [part.target, ...(profiles ? [part.profile] : []), ...(kernels ? [kernelName(part.kernel)] : [])].join(' ');
  const used = new Map<string, number>();
  return parts.map((part) => {
    const name = plain(part);
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return { ...part, name: count === 1 ? name : `${name} (${count})` };
  });
}

function kernelName(kernel: KernelIdentity | null): string {
  if (kernel === null) return 'no kernel';
  const { version, series, dirty } = kernel;
  return `${version}${series.length === 0 ? '' : `+${plural(series.length, 'patch', 'patches')}`}${dirty ? '+edits' : ''}`;
}

/** The one that all have; of several a stand-in that names them, since each part has its own. */
function oneKernel(kernels: readonly KernelIdentity[]): KernelIdentity | null {
  const [first, ...others] = [...new Map(kernels.map((kernel) => [kernelIdentity(kernel), kernel])).values()];
  if (first === undefined || others.length === 0) return first ?? null;
  const all = [first, ...others];
  return {
    source: plural(all.length, 'kernel'),
    version: [...new Set(all.map(kernelName))].join(', '),
    commit: null,
    packageVersion: null,
    dirty: all.some((kernel) => kernel.dirty),
    series: [],
  };
}

interface Moved {
  readonly events: readonly Event[];
  readonly cells: readonly CellId[];
}

/** A run's events with the merged run's names and places. */
function moveRun(run: StoredRun, place: string, folder: string, nameOf: ReadonlyMap<string, string>): Moved {
  const start = find(run.events, 'run-start')!;
  const kernel = find(run.events, 'kernel')?.kernel ?? null;
  const name = (target: string): string => nameOf.get(partKey(kernel, target, start.profile)) ?? target;
  const names = start.targets.map(name);
  const moveCell = <T extends CellId>(cell: T): T => ({ ...cell, target: name(cell.target) });
  const moveFile = (file: string): string =>
    file.startsWith(`${start.folder}/`) ? `${folder}/${place}${file.slice(start.folder.length)}` : file;
  const move = (event: Event): Event[] => {
    switch (event.kind) {
      case 'run-start':
      case 'run-end':
      case 'kernel':
        return [];
      case 'note':
        // What stopped a whole run stopped each of its targets, and none of the other runs.
        if (event.target === null && event.level === 'error') return names.map((target) => ({ ...event, target }));
        return [{ ...event, target: event.target === null ? (names[0] ?? null) : name(event.target) }];
      case 'stage-start':
      case 'stage-progress':
      case 'stage-end':
        return [{ ...event, target: event.target === null ? (names[0] ?? null) : name(event.target) }];
      case 'build':
        return [{ ...event, build: { ...event.build, target: name(event.build.target) } }];
      case 'guest':
        return [{ ...event, target: name(event.target), console: moveFile(event.console) }];
      case 'cell-start':
        return [{ ...event, cell: moveCell(event.cell) }];
      case 'cell': {
        const { evidence } = event.cell;
        return [
          {
            ...event,
            cell: { ...moveCell(event.cell), evidence: evidence === null ? null : `${place}/${evidence}` },
          },
        ];
      }
      case 'kernel-fault':
        return [{ ...event, target: name(event.target) }];
      case 'coverage': {
        const { coverage } = event;
        const lcov = `${place}/${coverage.lcov}`;
        return [{ ...event, coverage: { ...coverage, target: name(coverage.target), lcov } }];
      }
    }
  };
  const at = run.events.at(-1)?.at ?? start.at;
  const notes = [
    ...run.problems.map((text) => `The run folder "${run.folder}" is not whole: ${text}.`),
    ...(find(run.events, 'run-end') === undefined ? [`The run "${run.folder}" did not come to its end.`] : []),
  ].map((text): Event => ({ kind: 'note', at, target: null, level: 'warning', text, code: 'RUN_DAMAGED' }));
  return { events: [...run.events.flatMap(move), ...notes], cells: start.cells.map(moveCell) };
}

/** A cell that several runs decided gets one verdict, as if it had been repeated. */
function settleCells(events: readonly Event[]): Event[] {
  const verdicts = Map.groupBy(
    events.filter((event) => event.kind === 'cell'),
    ({ cell }) => keyOf(cell),
  );
  return events.flatMap((event): Event[] => {
    if (event.kind !== 'cell') return [event];
    const all = verdicts.get(keyOf(event.cell)) ?? [event];
    if (all.length === 1) return [event];
    if (event !== all.at(-1)) return [];
    const [first, ...others] = all.map(({ cell }) => ({ cell: withoutRepeats(cell), ours: false }));
    return [{ ...event, cell: mergeRepeats([first!, ...others]) }];
  });
}

const withoutRepeats = (cell: Cell): Cell => ({ ...cell, repeats: [] });

/** What was wrong stays wrong; a run that was undecided, interrupted or killed leaves the whole undecided. */
function endOf(inputs: readonly MergeInput[], body: readonly Event[]): Extract<EventBody, { kind: 'run-end' }> {
  const ends = inputs.map(({ run }) => find(run.events, 'run-end'));
  const counts = countOutcomes(body.flatMap((event) => (event.kind === 'cell' ? [event.cell.outcome] : [])));
  const bad = ends.some((end) => end?.exitCode === EXIT.bad);
  const trouble = ends.some((end) => end === undefined || ![EXIT.good, EXIT.bad].some((code) => code === end.exitCode));
  const kernelFault = bad || body.some((event) => event.kind === 'kernel-fault');
  return {
    kind: 'run-end',
    counts: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, counts[outcome]])) as Of<'run-end'>['counts'],
    exitCode: exitCode({ counts, kernelFault, trouble, interrupted: false, strict: false }),
    interrupted: false,
    durationMs: ends.reduce((sum, end) => sum + (end?.durationMs ?? 0), 0),
  };
}
