/**
 * A series patch by patch: each kernel is the one before with one more patch, so that make compiles only what it touches. The
 * next one is built while the guests of the last still run.
 */
import { join } from 'node:path';
import type { Event } from '../core/events.ts';
import { EXIT } from '../core/outcome.ts';
import type { NamedReporter } from '../report/multiplexer.ts';
import { writeFileAtomic } from '../results/atomic.ts';
import type { Results } from '../results/results.ts';
import { SERIES_FILE } from '../results/find-run.ts';
import { judgeStep, SERIES_VERSION, type SeriesDocument, type SeriesStep } from '../results/series.ts';
import { createGates, type Outcome } from '../run/execute.ts';
import { VERDICTS_STORED } from '../run/stored.ts';
import type { RunPlan } from '../run/plan.ts';
import type { Inputs } from '../run/prepare.ts';
import { splitInputs } from './compare.ts';
import { vetKernel, type VetContext } from './vet-kernel.ts';

export interface SeriesRequest {
  readonly plan: RunPlan;
  readonly steps: readonly Step[];
  /** New or empty; each step's run folder and series.json go below it. */
  readonly folder: string;
  /** Stop at the first patch that does not build or makes something worse. */
  readonly firstFailure: boolean;
  /** Vet also what has been decided before on the very same kernel, image and cells. */
  readonly fresh: boolean;
  readonly progress: (step: string) => NamedReporter;
}

export interface Step {
  /** 0 is the base. */
  readonly number: number;
  readonly inputs: Inputs;
}

/** `base`, `patch 1`: how a step is called. */
export const stepName = (number: number): string => (number === 0 ? 'base' : `patch ${number}`);

/** The base, then one patch more a step: commits of a range first, then patches. @throws MmapvetError COMPARE_NOTHING */
export function stepsOf(inputs: Inputs): Step[] {
  const { spec, series } = inputs;
  const commits = series.identity.length - series.patches.length;
  const steps = series.identity.map(({ file }, index): Step => {
    const number = index + 1;
    const tip = spec.kind === 'commit' && number <= commits ? { ...spec, commit: file } : spec;
    const identity = series.identity.slice(0, number);
    return {
      number,
      inputs: {
        spec: tip,
        series: { patches: series.patches.slice(0, Math.max(0, number - commits)), identity },
        notes: [],
      },
    };
  });
  return [{ number: 0, inputs: splitInputs(inputs).base }, ...steps];
}

/** @throws MmapvetError as vetKernel */
export async function vetSeries(request: SeriesRequest, context: VetContext): Promise<SeriesDocument> {
  const { plan, steps, folder, firstFailure } = request;
  const at = new Date().toISOString();
  const start = performance.now();
  const stop = new AbortController();
  const shared = {
    ...context,
    signal: AbortSignal.any([context.signal, stop.signal]),
    gates: context.gates ?? createGates(plan),
  };
  const judge = createJudge(plan);
  const judged: SeriesStep[] = [];
  let base: Results | null = null;
  let last: Promise<void> = Promise.resolve();
  for (const step of steps) {
    if (shared.signal.aborted) break;
    const built = Promise.withResolvers<void>();
    const vetting = vetStep(step, request, shared, built.resolve);
    const before = last;
    last = (async () => {
      const [, outcome] = await Promise.all([before, vetting]);
      // Stopped by a step before it, or by the user: it says nothing.
      if (outcome.interrupted) return;
      base ??= outcome.results;
      const result = judge(step, outcome);
      judged.push(result);
      if (firstFailure && step.number > 0 && result.verdict !== 'good') stop.abort();
    })();
    // The next step may be built while this one's guests run; a step that broke is told by `last`.
    // oxlint-disable-next-line no-await-in-loop -- one source, one kernel after the other
    await Promise.race([built.promise, last]);
  }
  await last;
  const left = steps.slice(judged.length).map(notRun);
  const all = [...judged, ...left];
  const interrupted = context.signal.aborted;
  const document: SeriesDocument = {
    version: SERIES_VERSION,
    tool: context.tool,
    at,
    durationMs: Math.round(performance.now() - start),
    command: [...context.command],
    exitCode: interrupted ? EXIT.interrupted : exitOf(all),
    interrupted,
    profile: plan.profile.name,
    targets: plan.targets.map(({ name }) => name),
    kernel: (base as Results | null)?.kernel ?? null,
    steps: all,
  };
  writeFileAtomic(join(folder, SERIES_FILE), `${JSON.stringify(document, null, 2)}\n`);
  return document;
}

function vetStep(step: Step, request: SeriesRequest, context: VetContext, onBuilt: () => void): Promise<Outcome> {
  const { plan, folder, fresh, progress } = request;
  return vetKernel(
    {
      plan,
      origin: { kind: 'inputs', inputs: step.inputs },
      folder: join(folder, folderOf(step.number)),
      reporters: [progress(stepName(step.number))],
      reuse: !fresh,
      onBuilt,
    },
    context,
  );
}

const folderOf = (number: number): string => (number === 0 ? 'base' : `patch-${String(number).padStart(4, '0')}`);

/** Judges steps in their order. */
function createJudge(plan: RunPlan): (step: Step, outcome: Outcome) => SeriesStep {
  const previous = new Map<string, Results>();
  return (step, outcome) => {
    const facts = plan.targets.map(({ name }) => factsOf(name, outcome));
    const verdicts = judgeStep(outcome.results, facts, previous);
    for (const { name, state } of verdicts.targets) if (state === 'vetted') previous.set(name, outcome.results);
    return { ...identityOf(step), durationMs: outcome.results.durationMs, ...verdicts };
  };
}

function identityOf({ number, inputs }: Step): Pick<SeriesStep, 'number' | 'subject' | 'author' | 'sha256' | 'folder'> {
  const { subject = '', author = '', sha256 = '' } = inputs.series.identity.at(-1) ?? {};
  return { number, subject, author, sha256, folder: folderOf(number) };
}

const notRun = (step: Step): SeriesStep => ({
  ...identityOf(step),
  durationMs: 0,
  verdict: 'not-run',
  targets: [],
  changes: [],
  newSplats: [],
});

function factsOf(name: string, { built, events }: Outcome): Parameters<typeof judgeStep>[1][number] {
  const isOwn = (event: Event): boolean => 'target' in event && (event.target === name || event.target === null);
  const own = events.filter(isOwn);
  const build = own.find((event) => event.kind === 'stage-end' && event.stage === 'build');
  const error = own.find((event) => event.kind === 'note' && event.level === 'error');
  return {
    name,
    built: built.targets.has(name),
    stored: own.some((event) => event.kind === 'note' && event.code === VERDICTS_STORED),
    buildMs: build?.kind !== 'stage-end' || build.reused ? null : build.durationMs,
    why: error?.kind === 'note' ? error.text : '',
  };
}

function exitOf(steps: readonly SeriesStep[]): number {
  if (steps.some(({ verdict }) => verdict === 'worse')) return EXIT.bad;
  // What comes after the first failure was not asked for any more.
  return steps.some(({ verdict }) => verdict === 'undecided') ? EXIT.undecided : EXIT.good;
}
