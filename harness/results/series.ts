/** `series.json`: each patch of a series in turn, as one document; the schema is published. Folding is pure. */
import { join } from 'node:path';
import { z } from 'zod';
import { KernelIdentity, type CellId } from '../core/events.ts';
import { OUTCOMES } from '../core/outcome.ts';
import { CHANGES, compareResults, isWorse, type Comparison } from './compare.ts';
import { readDocument } from './comparison.ts';
import { SERIES_FILE } from './find-run.ts';
import type { Results } from './results.ts';
import { STANDINGS } from './runs.ts';

export const SERIES_VERSION = 1;

const Side = z.object({ outcome: z.enum(OUTCOMES), reason: z.string() });

const StepTarget = z.object({
  name: z.string(),
  state: z
    .enum(['vetted', 'not-built', 'not-booted', 'no-verdict'])
    .describe('How far it came; no-verdict: our own trouble'),
  why: z.string().describe('Why it came no further'),
  buildMs: z.number().nullable().describe('null: found in the store'),
  stored: z.boolean().describe('The verdicts are those of an earlier run of the same kernel, image and cells'),
  groups: z
    .array(
      z.object({
        letter: z.string(),
        cells: z.number(),
        red: z.number(),
        worse: z.number().describe('Cells that this patch made worse'),
        better: z.number(),
        undecided: z.number(),
        applicable: z.number(),
      }),
    )
    .describe('Clause groups'),
});

export const SeriesStep = z.object({
  number: z.number().describe('0: the base'),
  subject: z.string(),
  author: z.string(),
  sha256: z.string(),
  folder: z.string().describe('Its run folder, below that of the series'),
  durationMs: z.number().nonnegative(),
  verdict: z.enum(['good', 'worse', 'undecided', 'not-run']),
  targets: z.array(StepTarget),
  changes: z
    .array(
      z.object({
        clause: z.string(),
        path: z.string(),
        target: z.string(),
        profile: z.string(),
        change: z.enum(CHANGES),
        before: Side.nullable(),
        after: Side.nullable(),
      }),
    )
    .describe('What the patch changed, against the last step before it that was vetted'),
  newSplats: z.array(z.object({ title: z.string(), where: z.array(z.string()) })),
});

export const SeriesDocument = z.object({
  version: z.literal(SERIES_VERSION),
  tool: z.string(),
  at: z.iso.datetime(),
  durationMs: z.number().nonnegative(),
  command: z.array(z.string()),
  exitCode: z.number().describe('0 no patch makes it worse, 1 one does, 2 undecided, 130 interrupted'),
  interrupted: z.boolean(),
  profile: z.string(),
  targets: z.array(z.string()),
  kernel: KernelIdentity.nullable().describe('The base'),
  steps: z.array(SeriesStep),
});

export type SeriesStep = z.infer<typeof SeriesStep>;
export type SeriesDocument = z.infer<typeof SeriesDocument>;

/** The schema as published in docs/series.schema.json. */
export function seriesJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(SeriesDocument), title: 'series.json of mmapvet', $comment: 'Generated from series.ts.' };
}

/** @throws MmapvetError DOCUMENT_BAD, DOCUMENT_NEWER */
export const readSeries = (folder: string): SeriesDocument =>
  readDocument(join(folder, SERIES_FILE), SeriesDocument, SERIES_VERSION);

/** What a step's run says of one target. */
export interface TargetFacts {
  readonly name: string;
  readonly built: boolean;
  readonly stored: boolean;
  readonly buildMs: number | null;
  /** The first error of its own. */
  readonly why: string;
}

export type StepVerdicts = Pick<SeriesStep, 'verdict' | 'targets' | 'changes' | 'newSplats'>;

/**
 * @param previous the results of the last step before that vetted each target, by target
 */
export function judgeStep(
  results: Results,
  targets: readonly TargetFacts[],
  previous: ReadonlyMap<string, Results>,
): StepVerdicts {
  const comparisons = targets.map((facts) => {
    const fresh = ofTarget(results, facts.name);
    const before = previous.get(facts.name);
    const state = stateOf(fresh, facts);
    // The base has nothing before it, and what was not vetted can't be held against anything.
    const isCompared = before !== undefined && (state === 'vetted' || state === 'not-booted');
    return { facts, state, fresh, comparison: isCompared ? compareResults(ofTarget(before, facts.name), fresh) : null };
  });
  const changes = comparisons.flatMap(({ comparison }) =>
    (comparison?.cells ?? []).filter(({ change }) => !SAME.has(change)),
  );
  const newSplats = comparisons.flatMap(({ comparison }) => comparison?.newSplats ?? []);
  // What came once, outside of any cell, may come of a busy host: worth a second look, not blame.
  const isSure = newSplats.some(({ sure }) => sure === true);
  const isUndecided =
    newSplats.length > 0 ||
    comparisons.some(
      ({ state, fresh, comparison }) =>
        state === 'not-built' ||
        state === 'no-verdict' ||
        (comparison === null ? fresh.cells.some(isOpen) : comparison.counts.inconclusive > 0),
    );
  const isBad = changes.some((cell) => isWorse(cell)) || isSure;
  return {
    verdict: isBad ? 'worse' : isUndecided ? 'undecided' : 'good',
    targets: comparisons.map(({ facts, state, fresh, comparison }) => ({
      name: facts.name,
      state,
      why: state === 'vetted' ? '' : facts.why,
      buildMs: facts.buildMs,
      stored: facts.stored,
      groups: state === 'vetted' || state === 'not-booted' ? groupsOf(fresh, comparison) : [],
    })),
    changes: changes.map(({ clause, path, target, profile, change, base, patched }) => ({
      clause,
      path,
      target,
      profile,
      change,
      before: base,
      after: patched,
    })),
    newSplats: newSplats.map(({ title, where }) => ({ title, where: [...where] })),
  };
}

const SAME: ReadonlySet<string> = new Set(['still-passing', 'still-failing', 'not-applicable']);

const isOpen = ({ outcome }: Results['cells'][number]): boolean => STANDINGS[outcome] === 'undecided';

const ofTarget = (results: Results, target: string): Results => ({
  ...results,
  cells: results.cells.filter((cell) => cell.target === target),
  kernelFaults: results.kernelFaults.filter((each) => each.target === target),
});

function stateOf({ cells, kernelFaults }: Results, { built }: TargetFacts): SeriesStep['targets'][number]['state'] {
  if (!built) return 'not-built';
  if (cells.some(({ ran, outcome }) => ran || outcome === 'not-applicable')) return 'vetted';
  return kernelFaults.some(({ during }) => during === 'boot') ? 'not-booted' : 'no-verdict';
}

function groupsOf({ cells }: Results, comparison: Comparison | null): SeriesStep['targets'][number]['groups'] {
  const changed = (own: readonly CellId[], fits: (cell: Comparison['cells'][number]) => boolean): number =>
    (comparison?.cells ?? []).filter(
      (cell) => fits(cell) && own.some(({ clause, path }) => clause === cell.clause && path === cell.path),
    ).length;
  return [...Map.groupBy(cells, ({ clause }) => clause.charAt(0))].map(([letter, own]) => {
    const count = (...standings: readonly string[]): number =>
      own.filter(({ outcome }) => standings.includes(STANDINGS[outcome])).length;
    return {
      letter,
      cells: own.length,
      red: count('red'),
      worse: changed(own, (cell) => isWorse(cell)),
      better: changed(own, ({ change }) => change === 'fixed'),
      undecided: count('undecided'),
      applicable: own.length - count('none'),
    };
  });
}
