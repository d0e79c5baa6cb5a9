/**
 * Kernels with one mistake each, vetted like the sound one: which clauses tell them from it, and which mistake nothing
 * notices.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { usageError } from '../core/errors.ts';
import { EXIT } from '../core/outcome.ts';
import type { NamedReporter } from '../report/multiplexer.ts';
import { writeFileAtomic } from '../results/atomic.ts';
import { KILLS_FILE, KILLS_VERSION, killMatrix, Kills, type MutantRun } from '../results/kills.ts';
import { createGates, type Outcome } from '../run/execute.ts';
import type { RunPlan } from '../run/plan.ts';
import { readInputs, type Inputs } from '../run/prepare.ts';
import { vetKernel, type VetContext } from './vet-kernel.ts';

export interface NamedMutant {
  readonly name: string;
  readonly file: string;
  readonly inputs: Inputs;
}

export interface MutateRequest {
  /** Without patches: it is the sound kernel's. */
  readonly plan: RunPlan;
  readonly sound: Inputs;
  readonly mutants: readonly NamedMutant[];
  /** New or empty; a run folder a kernel and kills.json go below it. */
  readonly folder: string;
  /** Vet the sound kernel even where its verdicts are known. */
  readonly fresh: boolean;
  /** Shows how far each kernel is. */
  readonly progress: (kernel: string) => NamedReporter;
}

/** Groups in which threads wait for minutes for what a mutant never does, and which of them fails first is chance. */
const WAITING = /^[JN]/;

/** Of a plan for all clauses, those that a mutant can be judged by in reasonable time. */
export const judgedByDefault = (plan: RunPlan): RunPlan => ({
  ...plan,
  checks: plan.checks.filter(({ clause }) => !WAITING.test(clause.id)),
});

/**
 * Each file is a mutant, and each patch of a folder.
 * @param names as `--patch` has them
 * @throws MmapvetError MUTANT_TWICE (usage), and those of readInputs
 */
export async function readMutants(
  plan: RunPlan,
  names: readonly string[],
  signal: AbortSignal,
): Promise<NamedMutant[]> {
  const files = names.flatMap((name) =>
    statSync(name, { throwIfNoEntry: false })?.isDirectory() === true
      ? readdirSync(name)
          .filter((file) => /\.(?:patch|diff)$/.test(file))
          .toSorted()
          .map((file) => join(name, file))
      : [name],
  );
  const mutants: NamedMutant[] = [];
  for (const file of files) {
    const name = basename(file).replace(/\.(?:patch|diff|mbox|eml)$/, '');
    if (mutants.some((mutant) => mutant.name === name) || name === SOUND)
      throw usageError('MUTANT_TWICE', `Two mutants are called "${name}".`, 'Give one of the files another name.');
    mutants.push({ name, file, inputs: await readInputs({ ...plan, patches: [file] }, signal) });
  }
  if (mutants.length === 0)
    throw usageError(
      'MUTANT_NONE',
      `There is no patch in "${names.join('", "')}".`,
      'Give files or folders of patches.',
    );
  return mutants;
}

const SOUND = 'sound';

/** @throws MmapvetError as vetKernel */
export async function mutate(request: MutateRequest, context: VetContext): Promise<Kills> {
  const { plan, sound, mutants, folder, fresh, progress } = request;
  const at = new Date().toISOString();
  const start = performance.now();
  const shared = { ...context, gates: context.gates ?? createGates(plan) };
  const vet = (name: string, inputs: Inputs, patches: readonly string[]): Promise<Outcome> =>
    vetKernel(
      {
        plan: { ...plan, patches },
        origin: { kind: 'inputs', inputs },
        folder: join(folder, name),
        reporters: [progress(name)],
        reuse: !fresh && name === SOUND,
      },
      shared,
    );
  // Sources come one after another, in this order; guests of one kernel run while the next is built.
  const [base, ...outcomes] = await Promise.all([
    vet(SOUND, sound, []),
    ...mutants.map(({ name, inputs, file }) => vet(name, inputs, [file])),
  ]);
  const runs = mutants.map(({ name }, index) => runOf(name, outcomes[index]!));
  const matrix = killMatrix(base.results, runs);
  const interrupted = context.signal.aborted;
  const kills = Kills.parse({
    version: KILLS_VERSION,
    tool: context.tool,
    at,
    durationMs: Math.round(performance.now() - start),
    command: [...context.command],
    exitCode: exitOf(
      matrix.mutants.map(({ state }) => state),
      interrupted,
    ),
    interrupted,
    kernel: base.results.kernel,
    profile: plan.profile.name,
    targets: plan.targets.map(({ name }) => name),
    ...matrix,
  });
  writeFileAtomic(join(folder, KILLS_FILE), `${JSON.stringify(kills, null, 2)}\n`);
  return kills;
}

function runOf(name: string, { results, events, interrupted }: Outcome): MutantRun {
  const note = events.find((event) => event.kind === 'note' && event.level === 'error');
  const why = interrupted ? 'it was interrupted' : note?.kind === 'note' ? note.text : '';
  return { name, results, why };
}

function exitOf(states: readonly Kills['mutants'][number]['state'][], interrupted: boolean): number {
  if (interrupted) return EXIT.interrupted;
  if (states.includes('survived')) return EXIT.bad;
  return states.every((state) => state === 'killed') ? EXIT.good : EXIT.undecided;
}
