/**
 * A base and a patched kernel with everything else equal: both vetted side by side, what differs run again on fresh guests of
 * both, and called.
 */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { usageError } from '../core/errors.ts';
import { EXIT } from '../core/outcome.ts';
import type { NamedReporter } from '../report/multiplexer.ts';
import { writeFileAtomic } from '../results/atomic.ts';
import { cellsToRepeat, compareResults, decide, unequalTerms, type Decision, type Pair } from '../results/compare.ts';
import { COMPARISON_VERSION, ComparisonDocument } from '../results/comparison.ts';
import { COMPARISON_FILE } from '../results/find-run.ts';
import { createGates, type Outcome } from '../run/execute.ts';
import { VERDICTS_STORED } from '../run/stored.ts';
import type { RunPlan } from '../run/plan.ts';
import type { Inputs } from '../run/prepare.ts';
import { measureSizes } from './sizes.ts';
import { vetKernel, type VetContext } from './vet-kernel.ts';

export interface CompareRequest {
  readonly plan: RunPlan;
  readonly inputs: Pick<CompareInputs, 'base' | 'patched'>;
  /** New or empty; the two kernels' run folders and compare.json go below it. */
  readonly folder: string;
  /** Cells that no longer apply are no regression. */
  readonly allowRemoved: boolean;
  /** Vet the base even where its verdicts are known. */
  readonly fresh: boolean;
  /** Shows how far each kernel is. */
  readonly progress: (kernel: string) => NamedReporter;
}

export interface CompareInputs {
  readonly base: Inputs;
  readonly patched: Inputs;
}

/** What is compared with what. @throws MmapvetError COMPARE_NOTHING (usage) */
export function splitInputs(inputs: Inputs): CompareInputs {
  const { spec, series } = inputs;
  if (series.identity.length === 0)
    throw usageError(
      'COMPARE_NOTHING',
      'There is nothing to compare the kernel with: no patch and no range is given.',
      'Add --patch, or write "mmapvet compare BASE..TIP" in a git tree.',
    );
  const baseSpec = spec.kind === 'commit' ? { ...spec, commit: spec.base } : spec;
  return { base: { spec: baseSpec, series: { patches: [], identity: [] }, notes: [] }, patched: inputs };
}

/** Runs of each kernel on fresh guests, the second of them booted. */
const FRESH_RUNS = 3;

/** @throws MmapvetError as vetKernel */
export async function compareKernels(request: CompareRequest, context: VetContext): Promise<ComparisonDocument> {
  const at = new Date().toISOString();
  const start = performance.now();
  const first = await vetBoth(request, context);
  const again = await vetAgain(request, first, context);
  const pair = resultsOf(first);
  const comparison = compareResults(pair.base, pair.patched, again);
  const interrupted = context.signal.aborted;
  const unequal = [...unequalTerms(pair.base, pair.patched), ...(await unequalBinaries(first))];
  const decision = unequal.length > 0 || interrupted ? 'undecided' : decide(comparison, request.allowRemoved);
  const document = ComparisonDocument.parse({
    version: COMPARISON_VERSION,
    tool: context.tool,
    at,
    durationMs: Math.round(performance.now() - start),
    command: [...context.command],
    exitCode: interrupted ? EXIT.interrupted : EXITS[decision],
    decision,
    allowRemoved: request.allowRemoved,
    interrupted,
    profile: request.plan.profile.name,
    targets: request.plan.targets.map(({ name }) => name),
    base: describe('base', first.base),
    patched: describe('patched', first.patched),
    unequal,
    ...comparison,
    ...(interrupted ? { sizes: [], notes: [] } : await measureSizes(first.base, first.patched, context.signal)),
    speed: [],
  });
  writeFileAtomic(join(request.folder, COMPARISON_FILE), `${JSON.stringify(document, null, 2)}\n`);
  return document;
}

const EXITS: Readonly<Record<Decision, number>> = {
  'no-regression': EXIT.good,
  regression: EXIT.bad,
  undecided: EXIT.undecided,
};

interface Both {
  readonly base: Outcome;
  readonly patched: Outcome;
}

const resultsOf = ({ base, patched }: Both): Pair => ({ base: base.results, patched: patched.results });

/** The patched kernel is built as soon as the base is, while the base's guests run. */
async function vetBoth(request: CompareRequest, context: VetContext): Promise<Both> {
  const { plan, inputs, folder, fresh, progress } = request;
  const shared = { ...context, gates: context.gates ?? createGates(plan) };
  const built = Promise.withResolvers<void>();
  const vet = (name: 'base' | 'patched', more: { readonly reuse?: boolean; readonly onBuilt?: () => void }) =>
    vetKernel(
      {
        plan,
        origin: { kind: 'inputs', inputs: inputs[name] },
        folder: join(folder, name),
        reporters: [progress(name)],
        ...more,
      },
      shared,
    );
  const base = vet('base', { reuse: !fresh, onBuilt: built.resolve });
  // Before it came to that, it may have failed.
  await Promise.race([built.promise, base]);
  const [one, other] = await Promise.all([base, vet('patched', {})]);
  return { base: one, patched: other };
}

/** What differs, on fresh guests of both kernels. @returns null where nothing has to be run again */
async function vetAgain(request: CompareRequest, first: Both, context: VetContext): Promise<Pair | null> {
  const { plan, folder, progress } = request;
  const pair = resultsOf(first);
  const cells = context.signal.aborted ? [] : cellsToRepeat(compareResults(pair.base, pair.patched), pair);
  if (cells.length === 0) return null;
  const again: RunPlan = {
    ...plan,
    targets: plan.targets.filter(({ name }) => cells.some(({ target }) => target === name)),
    checks: plan.checks.filter(({ clause, path }) =>
      cells.some((cell) => cell.clause === clause.id && cell.path === path),
    ),
    isolate: 'none',
    boot: false,
    repeats: FRESH_RUNS,
    confirm: 0,
    update: false,
  };
  const shared = { ...context, gates: context.gates ?? createGates(plan) };
  const vet = (name: 'base' | 'patched') =>
    vetKernel(
      { plan: again, origin: first[name].built, folder: join(folder, `${name}-again`), reporters: [progress(name)] },
      shared,
    );
  const [base, patched] = await Promise.all([vet('base'), vet('patched')]);
  return resultsOf({ base, patched });
}

/** The programs in both guests have to be the very same bytes; only the module is built for its kernel. */
async function unequalBinaries({ base, patched }: Both): Promise<string[]> {
  const unequal: string[] = [];
  for (const before of base.built.targets.values()) {
    const after = patched.built.targets.get(before.target.name);
    if (before.kind !== 'built' || after?.kind !== 'built') continue;
    for (const name of ['probes', 'init', 'hold'] as const) {
      // oxlint-disable-next-line no-await-in-loop -- three small files
      const [one, other] = await Promise.all([before.build[name], after.build[name]].map((file) => readFile(file)));
      if (one === undefined || other === undefined || hash('sha256', one) === hash('sha256', other)) continue;
      unequal.push(`${before.target.name}: "${name}" of the guests: guest/ changed meanwhile`);
    }
  }
  return unequal;
}

function describe(folder: string, { results, events }: Outcome): ComparisonDocument['base'] {
  const notes = events.filter((event) => event.kind === 'note');
  const named = (target: string | null, text: string): string => (target === null ? text : `${target}: ${text}`);
  return {
    kernel: results.kernel,
    builds: [...results.builds],
    folder,
    trouble: notes.filter(({ level }) => level === 'error').map(({ target, text }) => named(target, text)),
    stored: notes.filter(({ code }) => code === VERDICTS_STORED).map(({ target, text }) => named(target, text)),
  };
}
