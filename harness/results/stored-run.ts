/**
 * A stored run, as whole as its folder still is. What can be read is handed on; what is missing, damaged or edited is said
 * in one sentence each, and put into the stream as notes, so that no report of a damaged run looks like a whole one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CellId, Event } from '../core/events.ts';
import { countOutcomes, EXIT, OUTCOMES, weigh } from '../core/outcome.ts';
import { plural } from '../core/words.ts';
import { salvageEvents } from './read-events.ts';
import { Results, RESULTS_VERSION } from './results.ts';

export interface StoredRun {
  readonly folder: string;
  readonly events: readonly Event[];
  readonly problems: readonly string[];
}

type Start = Extract<Event, { kind: 'run-start' }>;
type End = Extract<Event, { kind: 'run-end' }>;
type CellEvent = Extract<Event, { kind: 'cell' }>;

/** So many of a kind are named one by one. */
const NAMED = 5;

/** Reads what there is; a folder with nothing in it gives a run without events. */
export function readRun(folder: string): StoredRun {
  const stored = existsSync(join(folder, 'events.jsonl'))
    ? salvageEvents(join(folder, 'events.jsonl'))
    : { events: [], problems: ['events.jsonl is missing: what results.json holds is reported'] };
  const ended = stored.events.some((event) => event.kind === 'run-end');
  const { results, problem } = readResults(folder, ended);
  const filled = fillFrom(results, stored.events, folder);
  const checked = checkEnd(filled.events, results);
  return {
    folder,
    events: checked.events,
    problems: [
      ...stored.problems,
      ...(problem === null ? [] : [problem]),
      ...filled.problems,
      ...checked.problems,
      ...missingFiles(folder, checked.events, stored.events),
    ],
  };
}

/** The run's events for a reporter; what is wrong with the folder stands before the end, where a summary follows it. */
export function replay(run: StoredRun): Event[] {
  const end = run.events.findLastIndex((event) => event.kind === 'run-end');
  const before = end === -1 ? run.events : run.events.slice(0, end);
  const at = before.at(-1)?.at ?? run.events[0]?.at ?? new Date(0).toISOString();
  const notes = run.problems.map((text): Event => ({
    kind: 'note',
    at,
    target: null,
    level: 'warning',
    text: `The run folder is not whole: ${text}.`,
    code: 'RUN_DAMAGED',
  }));
  return [...before, ...notes, ...(end === -1 ? [] : run.events.slice(end))];
}

function readResults(
  folder: string,
  wanted: boolean,
): { readonly results: Results | null; readonly problem: string | null } {
  const file = join(folder, 'results.json');
  // A run that was killed has none.
  if (!existsSync(file)) return { results: null, problem: wanted ? 'results.json is missing' : null };
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
    const { version } = fields as { version?: unknown };
    const newer = typeof version === 'number' && version > RESULTS_VERSION;
    const parsed = Results.safeParse(newer ? { ...fields, version: RESULTS_VERSION } : value);
    if (parsed.success) return { results: parsed.data, problem: null };
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    return {
      results: null,
      problem: newer
        ? `results.json is of version ${version}, and this mmapvet reads version ${RESULTS_VERSION}`
        : `results.json is damaged at "${where}"`,
    };
  } catch {
    return { results: null, problem: 'results.json is damaged: it is no JSON' };
  }
}

const keyOf = (cell: CellId): string => [cell.clause, cell.path, cell.target, cell.profile].join(' ');

/** What the event stream lost and results.json still has: the start, the kernel, builds, verdicts and the end. */
function fillFrom(results: Results | null, events: readonly Event[], folder: string): Omit<StoredRun, 'folder'> {
  if (events.length === 0 && results === null)
    return { events: [], problems: ['neither events.jsonl nor results.json can be read'] };
  const at = events[0]?.at ?? results?.at ?? new Date(0).toISOString();
  const decided = new Map(
    events.flatMap((event): [string, CellEvent][] => (event.kind === 'cell' ? [[keyOf(event.cell), event]] : [])),
  );
  const problems: string[] = [];
  const disagree = (results?.cells ?? []).filter((cell) => {
    const seen = decided.get(keyOf(cell));
    return seen !== undefined && seen.cell.outcome !== cell.outcome;
  });
  if (disagree.length > 0)
    problems.push(
      `results.json contradicts events.jsonl, which is believed, in ${named(disagree.map((cell) => `${cell.clause} ${cell.path} ${cell.target}`))}`,
    );
  const lost = (results?.cells ?? []).filter((cell) => !decided.has(keyOf(cell)));
  if (lost.length > 0 && events.length > 0)
    problems.push(
      `taken from results.json, since events.jsonl lacks ${lost.length === 1 ? 'it' : 'them'}: ${plural(lost.length, 'verdict')}`,
    );
  const has = (kind: Event['kind']): boolean => events.some((event) => event.kind === kind);
  const start = events.find((event): event is Start => event.kind === 'run-start');
  if (start === undefined && events.length > 0) problems.push('the start of events.jsonl is missing');
  const end = events.find((event): event is End => event.kind === 'run-end');
  const last = events.at(-1)?.at ?? at;
  return {
    problems,
    events: [
      { ...(start ?? startFrom(results, events, at)), folder },
      ...(has('kernel') || results?.kernel == null ? [] : [{ kind: 'kernel' as const, at, kernel: results.kernel }]),
      ...(has('build') ? [] : (results?.builds ?? []).map((build) => ({ kind: 'build' as const, at, build }))),
      ...events.filter((event) => event.kind !== 'run-start' && event.kind !== 'run-end'),
      ...(has('kernel-fault')
        ? []
        : (results?.kernelFaults ?? []).map((fault) => ({ kind: 'kernel-fault' as const, at: last, ...fault }))),
      ...lost.map((cell) => ({ kind: 'cell' as const, at: last, cell: { ...cell, log: [] } })),
      ...(end === undefined ? endFrom(results, last) : [end]),
    ],
  };
}

function startFrom(results: Results | null, events: readonly Event[], at: string): Start {
  const cells = events.flatMap((event) => (event.kind === 'cell' ? [event.cell] : []));
  const targets = results?.targets.map((target) => target.name) ?? [...new Set(cells.map((cell) => cell.target))];
  return {
    kind: 'run-start',
    at: results?.at ?? at,
    version: 1,
    tool: results?.tool ?? 'mmapvet',
    command: [],
    folder: '',
    targets,
    profile: results?.profile ?? cells[0]?.profile ?? '',
    cells: [],
  };
}

function endFrom(results: Results | null, at: string): End[] {
  if (results === null || results.exitCode === null) return [];
  const { counts, exitCode, interrupted, durationMs } = results;
  return [{ kind: 'run-end', at, counts, exitCode, interrupted, durationMs }];
}

/** An end that its own verdicts contradict: a line was lost, or somebody edited it. The verdicts count. */
function checkEnd(events: readonly Event[], results: Results | null): Omit<StoredRun, 'folder'> {
  const end = events.findLast((event): event is End => event.kind === 'run-end');
  if (end === undefined) return { events, problems: [] };
  const cells = new Map(
    events.flatMap((event) => (event.kind === 'cell' ? [[keyOf(event.cell), event.cell.outcome] as const] : [])),
  );
  const counts = countOutcomes(cells.values());
  const differing = OUTCOMES.filter((outcome) => (end.counts[outcome] ?? 0) !== counts[outcome]);
  const bad =
    OUTCOMES.some((outcome) => weigh(outcome) === 'bad' && counts[outcome] > 0) ||
    events.some((event) => event.kind === 'kernel-fault');
  const problems = [
    ...(differing.length === 0
      ? []
      : [
          `its end counts ${differing.map((each) => `${end.counts[each] ?? 0} ${each}`).join(', ')}, but the verdicts are ${differing.map((each) => `${counts[each]} ${each}`).join(', ')}`,
        ]),
    ...(bad && end.exitCode === EXIT.good ? ['its end says exit code 0, but the verdicts say 1'] : []),
    ...(results !== null && results.exitCode !== null && results.exitCode !== end.exitCode
      ? [`events.jsonl says exit code ${end.exitCode}, results.json ${results.exitCode}`]
      : []),
  ];
  if (problems.length === 0) return { events, problems };
  const settled = bad && end.exitCode === EXIT.good ? EXIT.bad : end.exitCode;
  // Without all of its verdicts nobody knows whether a run was good.
  const exitCode = differing.length > 0 && settled === EXIT.good ? EXIT.undecided : settled;
  return { events: events.map((event) => (event === end ? { ...end, counts, exitCode } : event)), problems };
}

function missingFiles(folder: string, events: readonly Event[], original: readonly Event[]): string[] {
  const evidence = events.flatMap((event) => (event.kind === 'cell' ? (event.cell.evidence ?? []) : []));
  const lost = [...new Set(evidence)].filter((path) => !existsSync(join(folder, path)));
  // Events have paths as they were; the folder may have been moved since.
  const was = original.find((event): event is Start => event.kind === 'run-start')?.folder ?? folder;
  const consoles = events.flatMap((event) =>
    event.kind === 'guest' && event.console.startsWith(`${was}/`) ? [event.console.slice(was.length + 1)] : [],
  );
  const lostConsoles = [...new Set(consoles)].filter((path) => !existsSync(join(folder, path)));
  return [
    ...(lost.length === 0 ? [] : [`the evidence of ${plural(lost.length, 'cell')} is missing: ${named(lost)}`]),
    ...(lostConsoles.length === 0 ? [] : [`consoles of guests are missing: ${named(lostConsoles)}`]),
  ];
}

function named(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}
