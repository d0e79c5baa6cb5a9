/**
 * `--resume`: a run that was interrupted, killed or left cells undecided is gone on with in a new folder. What it decided
 * stands, with its evidence, as long as the very same kernel, driver and probes would be vetted; the rest is run.
 */
import { cpSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { programsOn } from '../contract/suites.ts';
import { usageError, MmapvetError } from '../core/errors.ts';
import type { BuildIdentity, Cell, CellId, Emit, Event, KernelIdentity } from '../core/events.ts';
import { weigh } from '../core/outcome.ts';
import { plural } from '../core/words.ts';
import type { BuildKeys } from '../kernel/build.ts';
import { privateFolder } from '../machine/sockets.ts';
import { isDoubtful } from '../results/repeats.ts';
import type { RunStore } from '../results/store.ts';
import type { StoredRun } from '../results/stored-run.ts';
import type { RunPlan } from './plan.ts';
import { keysOfTarget, prepareKernel, type Inputs, type Prepared } from './prepare.ts';

type KernelFault = Extract<Event, { kind: 'kernel-fault' }>;

export interface Resume {
  /** The run folder that is gone on with. */
  readonly folder: string;
  /** What its user typed, and where. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** Verdicts that stand. */
  readonly cells: readonly Cell[];
  /** Outside of cells. What was seen once is not undone by a run that does not see it. */
  readonly faults: readonly KernelFault[];
  readonly kernel: KernelIdentity | null;
  /** Of the targets whose verdicts stand. */
  readonly builds: readonly BuildIdentity[];
  /** What was wrong there, a text each. */
  readonly notes: readonly string[];
}

const keyOf = ({ clause, path, target, profile }: CellId): string => [clause, path, target, profile].join(' ');

/** How often a cell was run. */
const runsOf = (cell: Cell): number => Math.max(1, cell.repeats.length);

/** Whether another run would have nothing to add: an interrupt may have come before a cell's repeats. */
function isDecided(cell: Cell, { repeats, confirm }: Pick<RunPlan, 'repeats' | 'confirm'>): boolean {
  if (weigh(cell.outcome) === 'undecided') return false;
  return runsOf(cell) >= repeats + (isDoubtful(cell) ? confirm : 0);
}

/**
 * @param plan made of the earlier run's own command
 * @param planned the cells of the plan
 * @throws MmapvetError RESUME_CELLS, RESUME_COVERAGE, RESUME_DONE (usage)
 */
export function planResume(run: StoredRun, plan: RunPlan, planned: readonly CellId[]): Resume {
  const { folder, events } = run;
  const start = events.find((event) => event.kind === 'run-start');
  requireSameCells(folder, start?.cells ?? [], planned);
  if (plan.coverage)
    throw usageError(
      'RESUME_COVERAGE',
      `"${folder}" counted lines, and its counters went with its guests.`,
      'Run it again with --coverage, without --resume.',
    );
  const builds = new Map(
    events.flatMap((event) => (event.kind === 'build' ? [[event.build.target, event.build]] : [])),
  );
  const last = new Map(events.flatMap((event) => (event.kind === 'cell' ? [[keyOf(event.cell), event.cell]] : [])));
  const wanted = new Set(planned.map(keyOf));
  const targets = new Set(plan.targets.map(({ name }) => name));
  const cells = [...last].flatMap(([key, cell]) =>
    // Without its build nobody knows what was vetted.
    wanted.has(key) && targets.has(cell.target) && builds.has(cell.target) && isDecided(cell, plan) ? [cell] : [],
  );
  if (cells.length === planned.length)
    throw usageError(
      'RESUME_DONE',
      `"${folder}" has decided all of its ${plural(planned.length, 'cell')}.`,
      'See it with "mmapvet report", or start a new run.',
    );
  const taken = new Set(cells.map(({ target }) => target));
  const errors = events.flatMap((event) => (event.kind === 'note' && event.level === 'error' ? [event] : []));
  return {
    folder,
    command: start?.command ?? [],
    cwd: start?.cwd ?? process.cwd(),
    cells: cells.map((cell) => ({ ...cell, takenFrom: cell.takenFrom ?? folder })),
    faults: events.filter((event) => event.kind === 'kernel-fault' && taken.has(event.target)) as KernelFault[],
    kernel: events.find((event) => event.kind === 'kernel')?.kernel ?? null,
    builds: [...builds.values()].filter(({ target }) => taken.has(target)),
    notes: [
      ...run.problems.map((text) => `The run folder is not whole: ${text}.`),
      ...errors.map(({ target, text }) => `${target === null ? '' : `${target}: `}${text}`),
    ],
  };
}

function requireSameCells(folder: string, before: readonly CellId[], now: readonly CellId[]): void {
  const [had, has] = [new Set(before.map(keyOf)), new Set(now.map(keyOf))];
  const differing = [
    ...[...has].filter((key) => !had.has(key)).map((key) => `not asked for then: ${key}`),
    ...[...had].filter((key) => !has.has(key)).map((key) => `not asked for now: ${key}`),
  ];
  const [first] = differing;
  if (first === undefined) return;
  const more = differing.length === 1 ? '' : ` and ${differing.length - 1} more`;
  throw usageError(
    'RESUME_CELLS',
    `The command of "${folder}" asks for other cells today (${first}${more}): mmapvet, its config file or the catalogue changed.`,
    'Start a new run.',
  );
}

/** What is left of a plan for a target; all of it where nothing is gone on with. */
export function restOf(plan: RunPlan, resume: Resume | undefined, target: string): RunPlan {
  if (resume === undefined) return plan;
  const taken = new Set(
    resume.cells.filter((cell) => cell.target === target).map(({ clause, path }) => `${clause}.${path}`),
  );
  return {
    ...plan,
    checks: plan.checks.filter(({ clause, path }) => !taken.has(`${clause.id}.${path}`)),
    programs: plan.programs.filter(({ suite, name }) => !taken.has(`${suite}.${name}`)),
  };
}

/** Whether nothing is left: then nothing has to be built. */
export const isOver = (rest: RunPlan, target: string): boolean =>
  rest.checks.length === 0 && programsOn(rest.programs, target).length === 0;

/** Puts the verdicts that stand into the run, and their evidence into its folder. */
export function takeOver(resume: Resume, plan: RunPlan, store: Pick<RunStore, 'place'>, emit: Emit): void {
  const { folder, cells, faults, builds, notes } = resume;
  const from = basename(folder);
  const note = (level: 'info' | 'warning', code: string, text: string): void =>
    emit({ kind: 'note', target: null, level, code, text });
  note('info', 'RESUMED', `This run goes on with ${from}: ${plural(cells.length, 'verdict')} of it stand.`);
  for (const text of notes) note('warning', 'RESUMED_TROUBLE', `Before, in ${from}: ${text}`);
  for (const build of builds.filter(({ target }) => isOver(restOf(plan, resume, target), target))) {
    emit({ kind: 'build', build: { ...build, reused: true } });
    copyWhole(folder, `${build.target}/kernel.config`, store);
  }
  for (const { target, during, fault } of faults) emit({ kind: 'kernel-fault', target, during, fault });
  for (const cell of cells) {
    const kept = cell.evidence !== null && copyWhole(folder, cell.evidence, store);
    emit({ kind: 'cell', cell: { ...cell, evidence: kept ? cell.evidence : null } });
  }
}

/** @returns whether it was there */
function copyWhole(folder: string, path: string, store: Pick<RunStore, 'place'>): boolean {
  const to = store.place(path);
  if (!existsSync(join(folder, path))) return false;
  cpSync(join(folder, path), to, { recursive: true, dereference: false });
  return true;
}

/**
 * Before anything of the run is written: would the same be vetted?
 * @param say told of waits
 * @throws MmapvetError RESUME_DIFFERS (usage), and those of prepareKernel
 */
export async function requireSameBuilds(
  plan: RunPlan,
  inputs: Inputs,
  resume: Resume,
  context: { readonly signal: AbortSignal; readonly say: (text: string) => void },
): Promise<void> {
  const { builds, folder } = resume;
  if (builds.length === 0) return;
  await using logs = await privateFolder();
  const emit: Emit = (event) => {
    if (event.kind === 'note') context.say(event.text);
  };
  await using kernel = await prepareKernel(plan, inputs, { emit, signal: context.signal, logFolder: logs.path });
  const keys = new Map<string, BuildKeys>();
  for (const target of plan.targets)
    // oxlint-disable-next-line no-await-in-loop -- two at most, and they share what they read
    if (builds.some((build) => build.target === target.name)) keys.set(target.name, await keysOfTarget(kernel, target));
  const details = differences(resume, kernel.identity, keys);
  if (details.length === 0) return;
  throw new MmapvetError('RESUME_DIFFERS', `"${folder}" vetted another kernel than its command would today.`, {
    blame: 'usage',
    hint: 'Start a new run: verdicts on two kernels make no run.',
    details,
  });
}

/** Between that and the build the source may have been edited. @throws MmapvetError RESUME_DIFFERS */
export function requireSameBuild({ builds, folder }: Resume, ready: Prepared): void {
  const before = builds.find(({ target }) => target === ready.target.name);
  if (before === undefined || (ready.kind === 'built' && ready.build.identity.key === before.key)) return;
  throw new MmapvetError('RESUME_DIFFERS', `The source was edited: this is not what "${folder}" vetted any more.`, {
    hint: 'Start a new run.',
  });
}

/** What sets today's builds apart from those that were vetted; empty where nothing does. Pure. */
export function differences(
  { kernel, builds }: Pick<Resume, 'kernel' | 'builds'>,
  now: KernelIdentity,
  keys: ReadonlyMap<string, BuildKeys>,
): string[] {
  const changed = builds.filter(({ target, key }) => keys.get(target)?.key !== key);
  const source = changed.length === 0 || kernel === null ? [] : sourceDifferences(kernel, now);
  return [
    ...source,
    ...changed.flatMap(({ target, compiler }) => {
      const today = keys.get(target)?.compiler;
      if (today !== compiler) return [`${target}: the compiler was "${compiler}", it is "${today}"`];
      return source.length > 0 ? [] : [`${target}: files of the source, or what is asked of its config, changed`];
    }),
    ...builds.flatMap((build) => {
      const same = build.guestKey === undefined || build.guestKey === keys.get(build.target)?.guestKey;
      return same || changed.includes(build) ? [] : [`${build.target}: the driver or the probes changed`];
    }),
  ];
}

const WORDS = { source: 'source', version: 'version', commit: 'commit', packageVersion: 'package' } as const;

function sourceDifferences(was: KernelIdentity, is: KernelIdentity): string[] {
  const terms = Object.keys(WORDS) as (keyof typeof WORDS)[];
  return [
    ...terms.flatMap((term) =>
      was[term] === is[term] ? [] : [`the ${WORDS[term]} was "${was[term] ?? 'none'}", it is "${is[term] ?? 'none'}"`],
    ),
    ...seriesDifferences(was.series, is.series),
  ];
}

function seriesDifferences(was: KernelIdentity['series'], is: KernelIdentity['series']): string[] {
  const patches = (count: number): string => plural(count, 'patch', 'patches');
  if (was.length !== is.length) return [`there were ${patches(was.length)}, there are ${patches(is.length)}`];
  const at = was.findIndex(({ sha256 }, index) => sha256 !== is[index]?.sha256);
  if (at === -1) return [];
  return [`patch ${at + 1} was "${was[at]?.subject}", it is "${is[at]?.subject}", with other contents`];
}
