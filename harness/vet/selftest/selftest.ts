/**
 * The self-test: real guests are broken in known ways, an ordinary run that knows of nothing writes its verdict, and only
 * then is that compared with what it should be.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cellsFor, findClauses, type CatalogueCell } from '../../contract/catalogue.ts';
import type { Target } from '../../core/arch.ts';
import { messageOf } from '../../core/errors.ts';
import type { CellId, Event, KernelIdentity } from '../../core/events.ts';
import { formatDuration } from '../../report/format.ts';
import type { NamedReporter } from '../../report/multiplexer.ts';
import type { Reporter } from '../../report/reporter.ts';
import { createGates, type Outcome } from '../../run/execute.ts';
import { Gate } from '../../run/limits.ts';
import type { KernelOrigin } from '../../run/open-source.ts';
import { Pace } from '../../run/pace.ts';
import type { RunPlan } from '../../run/plan.ts';
import type { Prepared } from '../../run/prepare.ts';
import { probeTimeout } from '../../run/session.ts';
import { vetKernel } from '../vet-kernel.ts';
import { differences, seenIn, type Seen } from './compare.ts';
import { createSaboteur } from './saboteur.ts';
import { SABOTAGED, SPARED, type Expected, type Scenario } from './scenario.ts';
import { CONTROL } from './scenarios.ts';

export type Ending =
  /** The run's verdict is what it should be, or is not: see `differences`. */
  | { readonly kind: 'right' | 'wrong'; readonly seen: Seen; readonly differences: readonly string[] }
  | { readonly kind: 'not-applicable'; readonly reason: string }
  /** The self-test could not do its part. */
  | { readonly kind: 'broken'; readonly reason: string };

export interface ScenarioResult {
  readonly scenario: string;
  readonly target: string;
  /** Counts from 1. */
  readonly repeat: number;
  readonly expected: Expected;
  readonly ending: Ending;
  readonly durationMs: number;
  /** From the fault's head on the console to the cell's verdict; null where the console shows none. */
  readonly verdictMs: number | null;
  /** From the end of the probe's time to the cell's verdict; null where the verdict came before, or never. */
  readonly pastBudgetMs: number | null;
  /** The run's folder. */
  readonly folder: string;
}

export interface SelftestRequest {
  readonly plan: RunPlan;
  readonly scenarios: readonly Scenario[];
  readonly repeats: number;
  /** A new or empty folder. */
  readonly folder: string;
}

export interface SelftestContext {
  readonly signal: AbortSignal;
  readonly command: readonly string[];
  readonly tool: string;
  /** Fed with the run that builds and boots. */
  readonly reporters: readonly NamedReporter[];
  readonly onKernel: (kernel: KernelIdentity | null) => void;
  readonly onResult: (result: ScenarioResult) => void;
}

type Built = Extract<KernelOrigin, { kind: 'built' }>;

/** @throws MmapvetError (usage) as vetKernel; what breaks afterwards is in the results */
export async function runSelftest(request: SelftestRequest, context: SelftestContext): Promise<ScenarioResult[]> {
  const { plan, scenarios, repeats, folder } = request;
  const { signal, onResult } = context;
  const gates = createGates(plan);
  const results: ScenarioResult[] = [];
  const take = (result: ScenarioResult): void => {
    if (signal.aborted) return;
    results.push(result);
    onResult(result);
  };

  const began = performance.now();
  const control = await vetKernel(
    {
      plan: { ...plan, ...QUIET, checks: checksOf(CONTROL) },
      folder: join(folder, 'nothing'),
      reporters: context.reporters,
      // It must be seen now, whatever an earlier run has decided.
      onGuest: () => Promise.resolve(),
    },
    { ...context, gates },
  );
  context.onKernel(control.results.kernel);
  const controlMs = Math.round(performance.now() - began);
  for (const target of plan.targets) take(controlResult(control, target, controlMs));

  const jobs = plan.targets.flatMap((target) =>
    Array.from({ length: repeats }, (_, index) => index + 1).flatMap((repeat) =>
      scenarios.filter((scenario) => scenario !== CONTROL).map((scenario) => ({ target, repeat, scenario })),
    ),
  );
  const run = async ({ target, repeat, scenario }: (typeof jobs)[number]): Promise<void> => {
    const place = join(folder, target.name, repeats === 1 ? scenario.name : `${scenario.name}-${repeat}`);
    const ready = control.built.targets.get(target.name);
    const reason = await unfit(scenario, ready);
    const base = { scenario: scenario.name, target: target.name, repeat, expected: scenario.expected, folder: place };
    if (reason !== null || signal.aborted) {
      take({
        ...base,
        ending: reason ?? { kind: 'broken', reason: 'interrupted' },
        durationMs: 0,
        verdictMs: null,
        pastBudgetMs: null,
      });
      return;
    }
    take({ ...base, ...(await runScenario(scenario, target, control.built, place, { plan, gates, context })) });
  };
  // The gates let in as many guests as the host bears; the longest begin first.
  const order = [...jobs].toSorted((a, b) => Number(b.scenario.pace === 'timer') - Number(a.scenario.pace === 'timer'));
  // Each holds a run's events and consoles: only as many are begun as keep all guests busy.
  const begun = new Gate(2 * availableParallelism());
  await Promise.all(order.map((job) => begun.hold(() => run(job))));
  return results;
}

/** A verdict is wanted as it comes: from the broken guest alone. */
const QUIET = { confirm: 0, repeats: 1, isolate: 'none', boot: false, strict: false } as const;

function checksOf({ cells = [SABOTAGED, SPARED] }: Scenario): CatalogueCell[] {
  return cells.flatMap((cell) => {
    const [clause = '', path = ''] = cell.split('.');
    return cellsFor(findClauses([clause])).filter((check) => check.path === path);
  });
}

function controlResult(control: Outcome, target: Target, durationMs: number): ScenarioResult {
  const events = control.events.filter(
    (event) => !('target' in event) || event.target === null || event.target === target.name,
  );
  const own = events.filter((event) => event.kind !== 'cell' || event.cell.target === target.name);
  const seen = seenIn({ exitCode: control.exitCode, events: own }, SABOTAGED);
  const wrong = differences(CONTROL.expected, seen);
  return {
    scenario: CONTROL.name,
    target: target.name,
    repeat: 1,
    expected: CONTROL.expected,
    ending: { kind: wrong.length === 0 ? 'right' : 'wrong', seen, differences: wrong },
    durationMs,
    verdictMs: null,
    pastBudgetMs: null,
    folder: control.folder,
  };
}

/** Why a scenario can't be asked of a target; null: it can. */
async function unfit({ needs = [] }: Scenario, ready: Prepared | undefined): Promise<Ending | null> {
  if (ready === undefined) return { kind: 'broken', reason: 'the kernel was not built' };
  if (ready.kind === 'no-hook')
    return { kind: 'not-applicable', reason: `Linux ${ready.kernelVersion} lacks the hook, so there is no driver` };
  const lines = new Set((await readFile(ready.build.config, 'utf8')).split('\n'));
  const missing = needs.filter((option) => !lines.has(`CONFIG_${option}=y`));
  if (missing.length === 0) return null;
  return { kind: 'not-applicable', reason: `this kernel is built without ${missing.join(', ')}` };
}

interface Means {
  readonly plan: RunPlan;
  readonly gates: ReturnType<typeof createGates>;
  readonly context: SelftestContext;
}

async function runScenario(
  scenario: Scenario,
  target: Target,
  built: Built,
  folder: string,
  { plan, gates, context }: Means,
): Promise<Pick<ScenarioResult, 'ending' | 'durationMs' | 'verdictMs' | 'pastBudgetMs'>> {
  const [hit = SABOTAGED] = scenario.cells ?? [SABOTAGED];
  const checks = checksOf(scenario);
  await using saboteur = createSaboteur(scenario.sabotage, checks.length, context.signal);
  const probeSeconds = scenario.probeSeconds ?? plan.probeSeconds;
  const pace = new Pace();
  const clock = createClock(hit, () => probeTimeout(probeSeconds, pace) * 1000);
  const listener: Reporter = {
    onEvent(event) {
      clock.onEvent(event);
      if (event.kind === 'cell') saboteur.onVerdict();
    },
  };
  try {
    const outcome = await vetKernel(
      {
        plan: {
          ...plan,
          ...QUIET,
          targets: [target],
          checks,
          probeSeconds,
        },
        pace,
        folder,
        origin: withArgs(built, target, scenario.sabotage.kernelArgs ?? []),
        reporters: [{ name: 'selftest', reporter: listener }],
        onGuest: saboteur.onGuest,
      },
      { ...context, gates },
    );
    const seen = seenIn(outcome, hit);
    const { verdictAt, pastBudgetMs } = clock;
    const wrong = [
      ...differences(scenario.expected, seen),
      ...leftBehind(saboteur.pids),
      ...tooLate(pastBudgetMs, pace),
    ];
    const ending: Ending =
      saboteur.failures.length > 0
        ? { kind: 'broken', reason: saboteur.failures.join('; ') }
        : { kind: wrong.length === 0 ? 'right' : 'wrong', seen, differences: wrong };
    return {
      ending,
      durationMs: clock.sinceGuest(),
      verdictMs: saboteur.faultAt === null || verdictAt === null ? null : Math.round(verdictAt - saboteur.faultAt),
      pastBudgetMs,
    };
  } catch (error) {
    const ending = { kind: 'broken', reason: messageOf(error) } as const;
    return { ending, durationMs: clock.sinceGuest(), verdictMs: null, pastBudgetMs: null };
  }
}

/** A guest that hangs has its verdict so long after its probe's time was over, on the reference host. */
const HANG_VERDICT_MS = 15_000;

function tooLate(pastBudgetMs: number | null, pace: Pace): string[] {
  const most = pace.stretch(HANG_VERDICT_MS);
  if (pastBudgetMs === null || pastBudgetMs <= most) return [];
  return [`the verdict came ${formatDuration(pastBudgetMs)} after the probe's time, ${formatDuration(most)} at most`];
}

interface Clock {
  onEvent(event: Event): void;
  /** When the cell got its verdict, in ms of performance.now(). */
  readonly verdictAt: number | null;
  /** As in the result. */
  readonly pastBudgetMs: number | null;
  /** Since the first guest was started: waiting for one is no part of it. */
  sinceGuest(): number;
}

/** @param budgetMs what the probe has, asked for when it begins */
function createClock(hit: string, budgetMs: () => number): Clock {
  let verdictAt: number | null = null;
  let budgetEnds: number | null = null;
  let guestAt = performance.now();
  let ofGuest = false;
  const isHit = ({ clause, path }: CellId): boolean => `${clause}.${path}` === hit;
  return {
    onEvent(event) {
      // The first guest's own stage, else the boot that is saved.
      if (event.kind === 'stage-start' && !ofGuest && (event.guest !== undefined || event.stage === 'boot'))
        [ofGuest, guestAt] = [event.guest !== undefined, performance.now()];
      if (event.kind === 'cell-start' && isHit(event.cell)) budgetEnds ??= performance.now() + budgetMs();
      if (event.kind === 'cell' && isHit(event.cell)) verdictAt ??= performance.now();
    },
    get verdictAt() {
      return verdictAt;
    },
    get pastBudgetMs() {
      const ms = verdictAt === null || budgetEnds === null ? 0 : Math.round(verdictAt - budgetEnds);
      return ms > 0 ? ms : null;
    },
    sinceGuest: () => Math.round(performance.now() - guestAt),
  };
}

/** The same kernel with more on its command line. */
function withArgs(built: Built, target: Target, kernelArgs: readonly string[]): Built {
  const ready = built.targets.get(target.name);
  if (ready?.kind !== 'built' || kernelArgs.length === 0) return built;
  const guest = { ...ready.guest, kernelArgs: [...ready.guest.kernelArgs, ...kernelArgs] };
  return { ...built, targets: new Map([[target.name, { ...ready, guest }]]) };
}

function leftBehind(pids: readonly number[]): string[] {
  return pids.filter(isAlive).map((pid) => `QEMU was left running (process ${pid})`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
