/**
 * Which mutant turns which clauses red: the kill matrix. A mutant is a kernel with one mistake put in on purpose; a suite
 * that does not tell it from the sound kernel has a hole. All pure.
 */
import { z } from 'zod';
import { KernelIdentity, type Cell } from '../core/events.ts';
import { OUTCOMES, type Outcome } from '../core/outcome.ts';
import type { Results } from './results.ts';

export const KILLS_VERSION = 1;
export const KILLS_FILE = 'kills.json';

const Kill = z.object({ clause: z.string(), path: z.string(), target: z.string(), outcome: z.enum(OUTCOMES) });

export const Mutant = z.object({
  name: z.string(),
  /** `noticed`: no clause fails, but some could not be decided. `undecided`: it was not vetted on every target. */
  state: z.enum(['killed', 'survived', 'noticed', 'undecided']),
  /** Why it is undecided; else empty. */
  reason: z.string(),
  kills: z.array(Kill),
  /** Cells that it left without a verdict. */
  noticed: z.array(Kill),
});

export const Kills = z.object({
  version: z.literal(KILLS_VERSION),
  tool: z.string(),
  at: z.iso.datetime(),
  durationMs: z.number(),
  command: z.array(z.string()),
  exitCode: z.number(),
  interrupted: z.boolean(),
  kernel: KernelIdentity.nullable(),
  profile: z.string(),
  targets: z.array(z.string()),
  mutants: z.array(Mutant),
  clauses: z
    .array(z.object({ id: z.string(), killers: z.array(z.string()) }))
    .describe('Clauses that hold on the sound kernel, and the mutants that turn them red'),
  notJudged: z
    .array(z.string())
    .describe('Clauses that do not hold on the sound kernel, so that nothing can turn them red'),
});

export type Mutant = z.infer<typeof Mutant>;
export type Kills = z.infer<typeof Kills>;
export type KillMatrix = Pick<Kills, 'mutants' | 'clauses' | 'notJudged'>;

/** What the kernel did. */
const RED: readonly Outcome[] = ['fail', 'fault', 'flaky', 'changed'];
/** What left a cell without a verdict. */
const OPEN: readonly Outcome[] = ['vacuous', 'error'];

/** A mutant's run; of one that could not be run, why. */
export interface MutantRun {
  readonly name: string;
  readonly results: Pick<Results, 'cells' | 'builds' | 'targets'> | null;
  readonly why: string;
}

const keyOf = ({ clause, path, target }: Pick<Cell, 'clause' | 'path' | 'target'>): string =>
  `${clause} ${path} ${target}`;

/** @param base the sound kernel's run, with the same cells */
export function killMatrix(base: Pick<Results, 'cells'>, runs: readonly MutantRun[]): KillMatrix {
  const sound = new Set(base.cells.filter(({ outcome }) => outcome === 'pass').map(keyOf));
  const mutants = runs.map((run) => judge(run, sound));
  const ids = [...new Set(base.cells.map(({ clause }) => clause))].toSorted();
  const judged = new Set(base.cells.filter((cell) => sound.has(keyOf(cell))).map(({ clause }) => clause));
  return {
    mutants,
    clauses: ids
      .filter((id) => judged.has(id))
      .map((id) => ({
        id,
        killers: mutants.filter(({ kills }) => kills.some(({ clause }) => clause === id)).map(({ name }) => name),
      })),
    notJudged: ids.filter((id) => !judged.has(id)),
  };
}

function judge({ name, results, why }: MutantRun, sound: ReadonlySet<string>): Mutant {
  const cells = (results?.cells ?? []).filter((cell) => sound.has(keyOf(cell)));
  const of = (outcomes: readonly Outcome[], ran: boolean): Mutant['kills'] =>
    cells
      .filter((cell) => outcomes.includes(cell.outcome) && (cell.ran || !ran))
      .map(({ clause, path, target, outcome }) => ({ clause, path, target, outcome }));
  const kills = of(RED, false);
  const noticed = of(OPEN, true);
  const built = new Set(results?.builds.map(({ target }) => target));
  const missing = (results?.targets ?? []).map((target) => target.name).filter((target) => !built.has(target));
  const reason =
    results === null || why !== '' ? why : missing.length > 0 ? `It was not built for ${missing.join(', ')}.` : '';
  const state =
    kills.length > 0
      ? 'killed'
      : reason !== '' || cells.length === 0
        ? 'undecided'
        : noticed.length > 0
          ? 'noticed'
          : 'survived';
  return { name, state, reason, kills, noticed };
}
