/**
 * One commit of a bisection: built, and run as often as it takes to know what it is. A commit that can't be judged is a
 * step as well; trouble of the host ends the bisection.
 */
import { join } from 'node:path';
import type { Target } from '../../core/arch.ts';
import { MmapvetError } from '../../core/errors.ts';
import type { KernelIdentity } from '../../core/events.ts';
import { shortId } from '../../kernel/line.ts';
import type { Series } from '../../kernel/series.ts';
import type { NamedReporter } from '../../report/multiplexer.ts';
import { isUnbuildable } from '../../run/git-bisect.ts';
import type { RunPlan } from '../../run/plan.ts';
import { prepareKernel, prepareTarget, type Prepared } from '../../run/prepare.ts';
import { createSink } from '../../run/sink.ts';
import { vetKernel, type VetContext } from '../vet-kernel.ts';
import { imageOf } from './image.ts';
import { addRuns, judge, runsOf, type CellRuns } from './judge.ts';
import type { Step } from './log.ts';

export interface CommitQuestion {
  readonly tree: string;
  readonly commit: string;
  readonly plan: RunPlan;
  /** Patches that go on top of each commit. */
  readonly patches: Series;
  /** Cells that count, by name; null for all of the plan's. */
  readonly cells: ReadonlySet<string> | null;
  /** So many runs without the fault make it good. */
  readonly needed: number;
  /** Goes on until a cell that shows the fault has been run so often; 0 stops at the first. */
  readonly bad: number;
  /** Kernels that were run before. */
  readonly before: readonly Step[];
  /** New, or empty. */
  readonly folder: string;
  /** Shows how far it is. */
  readonly progress: (kernel: string) => NamedReporter;
}

/** A cell that says nothing is tried again so often. */
const MOST_ROUNDS = 3;

/**
 * @throws MmapvetError for trouble that is not the commit's, such as a full disk; the abort reason
 */
export async function testCommit(question: CommitQuestion, context: VetContext): Promise<Step> {
  const { commit, before } = question;
  const skipped = (why: string, images: Step['images'] = {}): Step => ({
    kind: 'step',
    commit,
    verdict: 'skipped',
    why,
    cells: [],
    images,
    sameAs: null,
    folder: null,
  });
  const built = await build(question, context.signal);
  if ('why' in built) return skipped(built.why);
  const images = await imagesOf(built.targets, question.plan.targets, context.signal);
  const twin = twinOf(before, images, question);
  if (twin !== null) return { ...twin, commit, images, sameAs: twin.sameAs ?? twin.commit, folder: null };
  return { ...skipped('', images), folder: question.folder, ...(await runUntilSure(question, built, context)) };
}

interface Built {
  readonly kernel: KernelIdentity | null;
  readonly targets: ReadonlyMap<string, Prepared>;
}

async function build(question: CommitQuestion, signal: AbortSignal): Promise<Built | { readonly why: string }> {
  const { tree, commit, plan, patches, folder } = question;
  let identity: KernelIdentity | null = null;
  const { reporter } = question.progress(shortId(commit));
  const { emit } = createSink((event) => {
    if (event.kind === 'kernel') identity = event.kernel;
    reporter.onEvent(event);
  });
  emit({
    kind: 'run-start',
    version: 1,
    tool: '',
    command: [],
    folder,
    targets: plan.targets.map(({ name }) => name),
    profile: plan.profile.name,
    cells: [],
  });
  const inputs = { spec: { kind: 'commit', folder: tree, base: commit, commit }, series: patches, notes: [] } as const;
  const targets = new Map<string, Prepared>();
  try {
    await using kernel = await prepareKernel(plan, inputs, { emit, signal, logFolder: join(folder, 'build') });
    for (const target of plan.targets) {
      const prepared = await prepareTarget(kernel, target);
      if (prepared.kind === 'no-hook') return { why: `its kernel lacks the hook on ${target.name}` };
      targets.set(target.name, prepared);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MmapvetError && isUnbuildable(error.code)) return { why: error.message };
    throw error;
  }
  return { kernel: identity, targets };
}

async function imagesOf(
  built: Built['targets'],
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const images: Record<string, string> = {};
  for (const { name, arch } of targets) {
    const prepared = built.get(name);
    const image = prepared?.kind === 'built' ? await imageOf(prepared.build, arch, signal) : null;
    if (image !== null) images[name] = image;
  }
  return images;
}

/** An earlier step with the very same kernels, which was run as often as this one would be. */
function twinOf(before: readonly Step[], images: Step['images'], { plan, needed }: CommitQuestion): Step | null {
  const same = (step: Step): boolean =>
    plan.targets.every(({ name }) => images[name] !== undefined && step.images[name] === images[name]);
  const enough = ({ verdict, cells }: Step): boolean => verdict === 'bad' || judge(cells, needed) === 'good';
  return before.find((step) => step.verdict !== 'skipped' && same(step) && enough(step)) ?? null;
}

/** Fresh guests in each round, every second one booted. */
async function runUntilSure(
  question: CommitQuestion,
  built: Built,
  context: VetContext,
): Promise<Pick<Step, 'verdict' | 'why' | 'cells'>> {
  const { plan, needed, bad, folder } = question;
  const all = new Map<string, CellRuns>();
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const outcome = await vetKernel(
      {
        plan: { ...plan, repeats: round === 1 ? needed : Math.max(bad, needed) },
        folder: join(folder, `round-${round}`),
        origin: { kind: 'built', ...built },
        reporters: [question.progress(shortId(question.commit))],
      },
      context,
    );
    context.signal.throwIfAborted();
    for (const cell of outcome.results.cells.map((each) => runsOf({ ...each, log: [] }))) {
      const earlier = all.get(cell.name);
      all.set(cell.name, earlier === undefined ? cell : addRuns(earlier, cell));
    }
    const cells = [...all.values()].filter(({ name }) => question.cells?.has(name) ?? true);
    const verdict = judge(cells, needed);
    const rare = cells.some(({ shown, runs }) => shown > 0 && shown < runs && runs < bad);
    if (verdict !== null && !rare) return { verdict, why: '', cells };
  }
  const cells = [...all.values()].filter(({ name }) => question.cells?.has(name) ?? true);
  const verdict = judge(cells, needed);
  if (verdict !== null) return { verdict, why: '', cells };
  const silent = cells.find((cell) => cell.runs < needed);
  return {
    verdict: 'skipped',
    why: silent === undefined ? 'nothing was run' : `${silent.name}: ${silent.reason}`,
    cells,
  };
}
