/**
 * One kernel, from its source or from builds that are there already, to its verdicts: all targets side by side. Kernel
 * builds go one at a time, guests of a finished target run while another compiles, and no more guests run at once than the
 * host can bear. What comes of it is data; whoever asked prints it.
 */
import type { AllowEntry } from '../contract/allow.ts';
import { cellsFor, groupsFor } from '../contract/catalogue.ts';
import { HOST_TARGET } from '../contract/suites.ts';
import { readRecorded } from '../contract/recorded.ts';
import type { Target } from '../core/arch.ts';
import { diskError } from '../core/disk.ts';
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { Emit, Event } from '../core/events.ts';
import { machineFor } from '../machine/machine.ts';
import { toFile } from '../report/create.ts';
import { createJunitReporter } from '../report/junit.ts';
import { createKtapReporter } from '../report/ktap.ts';
import type { Multiplexer, NamedReporter, ReporterFailure } from '../report/multiplexer.ts';
import { buildResults, type Results } from '../results/results.ts';
import type { RunStore } from '../results/store.ts';
import { cellsOfPlan, namesOfTargets } from './cells.ts';
import { symbolizingEmit } from './fault-symbols.ts';
import type { GuestHook } from './guests.ts';
import { createKnownTrouble, type Scope } from './known.ts';
import { Gate, guestsAtOnce } from './limits.ts';
import { openSource, type KernelOrigin } from './open-source.ts';
import { Pace } from './pace.ts';
import { catalogueOf, type RunPlan } from './plan.ts';
import type { Prepared } from './prepare.ts';
import { createRecorder } from './record.ts';
import type { SessionHooks } from './session.ts';
import { isOver, requireSameBuild, restOf, takeOver, type Resume } from './resume.ts';
import { createSink, type Sink } from './sink.ts';
import { isUsual, keepSettled, takeStored } from './stored.ts';
import type { TargetVet } from './target.ts';
import { suiteVet, targetVet, type Facts } from './vets.ts';

/** What several executions at once share. */
export interface Gates {
  /** Lets in one kernel's source with its builds. */
  readonly sources: Gate;
  /** Lets in as many guests as the host bears. */
  readonly guests: Gate;
}

export interface Execution {
  readonly plan: RunPlan;
  readonly origin: KernelOrigin;
  /** Known trouble: what readAllowFile(plan.allow) gives. */
  readonly allow: readonly AllowEntry[];
  /** The caller's to close. */
  readonly store: RunStore;
  /** All of them, also those of `keptReporters`. They are finished here. */
  readonly reporters: Multiplexer;
  /** What the user typed, for the record and for commands that repeat a cell. */
  readonly command: readonly string[];
  readonly tool: string;
  readonly signal: AbortSignal;
  /** For executions side by side; one alone needs none. */
  readonly gates?: Gates;
  /** The run that this one goes on with. */
  readonly resume?: Resume;
  /** Take verdicts that were reached before on the very same kernel, image and cells; a note says so. */
  readonly reuse?: boolean;
  /** Called once no target is left to build: the source is free for the next kernel, while guests still run. */
  readonly onBuilt?: () => void;
  readonly onIdle?: (target: string) => SessionHooks['onIdle'];
  readonly onGuest?: GuestHook;
  /** What time limits are stretched by: given by who wants to know; one of the execution's own by default. */
  readonly pace?: Pace;
}

export interface Outcome {
  /** The run folder. */
  readonly folder: string;
  /** As `mmapvet run` would exit: see exitCode(). */
  readonly exitCode: number;
  readonly interrupted: boolean;
  readonly results: Results;
  readonly events: readonly Event[];
  /** What was built, by target: an origin for the next execution. Targets that did not build are missing. */
  readonly built: Extract<KernelOrigin, { kind: 'built' }>;
  /** Reporters that failed. */
  readonly failures: readonly ReporterFailure[];
}

export function createGates(plan: RunPlan): Gates {
  const most = guestsAtOnce(
    Math.max(0, ...plan.targets.map((target) => machineFor(target.name, plan.profile).memoryMiB)),
  );
  return { sources: new Gate(1), guests: new Gate(Math.min(most, plan.guests ?? most)) };
}

/** What every run folder holds for machines. @throws MmapvetError REPORT_UNWRITABLE */
export function keptReporters(store: RunStore, plan: RunPlan): NamedReporter[] {
  const options = { catalogue: catalogueOf(plan), home: '' };
  return [
    { name: 'ktap', reporter: toFile(store.place('report.ktap'), (sink) => createKtapReporter(sink, options)) },
    { name: 'junit', reporter: toFile(store.place('junit.xml'), (sink) => createJunitReporter(sink, options)) },
  ];
}

/**
 * Trouble of the kernel, of a target or of ours is in the outcome's events and exit code, as is an interrupt.
 * @throws MmapvetError FILE_WRITE
 */
export async function execute(execution: Execution): Promise<Outcome> {
  const { plan, store, reporters, origin } = execution;
  const events: Event[] = [];
  const facts: Facts = {
    recorded: readRecorded(),
    known: createKnownTrouble(execution.allow),
    pace: execution.pace ?? new Pace(),
    events,
  };
  const sink = createSink((event) => {
    events.push(event);
    store.append(event);
    if (event.kind === 'cell') facts.known.take(event.cell);
    reporters.onEvent(event);
  });
  const start = performance.now();
  sink.emit({
    kind: 'run-start',
    version: 1,
    tool: execution.tool,
    command: [...execution.command],
    cwd: execution.resume?.cwd ?? process.cwd(),
    folder: store.folder,
    ...(execution.resume === undefined ? {} : { resumes: execution.resume.folder }),
    targets: namesOfTargets(plan),
    profile: plan.profile.name,
    cells: cellsOfPlan(plan),
  });
  const targets = new Map<string, Prepared>(origin.kind === 'built' ? origin.targets : []);
  using limit = globalLimit(plan.globalMs);
  const within = { ...execution, signal: AbortSignal.any([execution.signal, limit.signal]) };
  await runAll(within, facts, sink, targets);
  const interrupted = execution.signal.aborted;
  if (!within.signal.aborted && isUsual(execution)) await keepSettled(execution, events, targets);
  const exitCode = sink.exitCode(plan.strict, interrupted);
  const durationMs = Math.round(performance.now() - start);
  sink.emit({ kind: 'run-end', counts: { ...sink.counts() }, exitCode, interrupted, durationMs });
  const results = buildResults(events);
  store.writeResults(results);
  const failures = await reporters.finish();
  const built = { kind: 'built', kernel: results.kernel, targets } as const;
  return { folder: store.folder, exitCode, interrupted, results, events, built, failures };
}

/** `--global-timeout`: a signal that fires when the run's time is over. */
function globalLimit(ms: number | null): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const seconds = (ms ?? 0) / 1000;
  const error = new MmapvetError('GLOBAL_TIMEOUT', `The run was not over after ${seconds} s (--global-timeout).`, {
    hint: 'Give it more time, or fewer cells.',
  });
  const timer = ms === null ? undefined : setTimeout(() => controller.abort(error), ms);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Every trouble is an event, an interrupt is none. */
async function runAll(execution: Execution, facts: Facts, sink: Sink, built: Map<string, Prepared>): Promise<void> {
  const { plan, store, signal } = execution;
  const { sources, guests } = execution.gates ?? createGates(plan);
  const rest = (target: string): RunPlan => restOf(plan, execution.resume, target);
  // After the kernel is known, or when it is clear that it never will be.
  let resume = execution.resume;
  const takeOverOnce = (): void => {
    if (resume !== undefined) takeOver(resume, plan, store, sink.emit);
    resume = undefined;
  };
  const late = new Map(
    plan.targets.map((target) => [target, symbolizingEmit(sink.emit, target.name, store, signal)] as const),
  );
  const emitOf = (target: Target): Emit => late.get(target)?.emit ?? sink.emit;
  const vets = new Map(
    plan.targets.map(
      (target) =>
        [target, targetVet({ ...execution, plan: rest(target.name) }, target, facts, emitOf(target))] as const,
    ),
  );
  const suites = new Map(
    namesOfTargets(plan).map((name) => {
      const known = late.get(plan.targets.find((target) => target.name === name)!);
      return [name, suiteVet({ ...execution, plan: rest(name) }, name, facts, known?.emit ?? sink.emit)] as const;
    }),
  );
  const recorder = plan.update ? createRecorder(facts.recorded, plan.checks) : null;
  /** Trouble of one target, or of all. An interrupt is no trouble, whatever it broke on its way. */
  const giveUp = (cause: unknown, target: string | null): void => {
    if (signal.aborted) return;
    const error = diskError(cause);
    emitError(sink.emit, target, error);
    const concerned = (name: string): boolean => target === null || name === target;
    for (const [{ name }, vet] of vets) if (concerned(name)) vet.giveUp('not-run', messageOf(error));
    for (const [name, suite] of suites) if (concerned(name)) suite.giveUp(messageOf(error));
  };
  try {
    const source = await openSource({
      plan,
      origin: execution.origin,
      store,
      emit: sink.emit,
      signal,
      sources,
      recorder,
    }).catch((error: unknown) => {
      execution.onBuilt?.();
      throw error;
    });
    takeOverOnce();
    const left = plan.targets.filter(({ name }) => !isOver(rest(name), name));
    const builds = left.map((target) => ({ target, prepared: source.prepare(target) }));
    // The source is locked for others no longer than it is needed: guests go on without it.
    const userland = suites.has(HOST_TARGET) ? source.prepareUserland() : null;
    const freed = Promise.allSettled([userland, ...builds.map((build) => build.prepared)])
      .then(() => source[Symbol.asyncDispose]())
      .finally(() => execution.onBuilt?.());
    const host = async (): Promise<void> => {
      try {
        if (userland !== null) await suites.get(HOST_TARGET)?.runOnHost(await userland, guests);
      } catch (error) {
        giveUp(error, HOST_TARGET);
      }
    };
    await Promise.all([
      host(),
      ...builds.map(async ({ target, prepared }) => {
        try {
          const ready = await prepared;
          if (execution.resume !== undefined) requireSameBuild(execution.resume, ready);
          built.set(target.name, ready);
          if (ready.kind === 'built')
            late
              .get(target)
              ?.useSymbols({ vmlinux: ready.build.vmlinux, modules: [ready.build.module, ...ready.build.moreModules] });
          const own = ready.kind === 'built' ? await plan.own?.link(target, ready.build, signal) : undefined;
          if (!(await takeStored(execution, ready, emitOf(target)))) await vets.get(target)?.run(ready, guests, own);
          await suites.get(target.name)?.runOnTarget(ready, guests);
        } catch (error) {
          giveUp(error, target.name);
        }
      }),
    ]);
    await freed;
  } catch (error) {
    giveUp(error, null);
  }
  takeOverOnce();
  const reason: unknown = signal.aborted ? signal.reason : null;
  const outOfTime = reason instanceof MmapvetError && reason.code === 'GLOBAL_TIMEOUT';
  if (outOfTime) emitError(sink.emit, null, reason);
  if (signal.aborted) {
    for (const vet of vets.values())
      vet.giveUp(outOfTime ? 'out-of-time' : 'interrupted', outOfTime ? messageOf(reason) : '');
    for (const suite of suites.values()) suite.giveUp(outOfTime ? messageOf(reason) : 'the run was interrupted');
  }
  await Promise.all(late.values().map((each) => each.settled()));
  if (signal.aborted) return;
  facts.known.conclude(scopeOf(plan, vets), sink.emit);
  recorder?.conclude(sink.cells, sink.emit);
}

/** Targets whose kernel is known: only there an entry of allow.yaml can be said to be needless. */
function scopeOf(plan: RunPlan, vets: ReadonlyMap<Target, TargetVet>): Scope {
  const kernels = [...vets].map(([target, vet]) => [target.name, vet.kernelVersion] as const);
  return {
    checks: plan.checks,
    whole: plan.checks.length === cellsFor(groupsFor(plan.profile.fragments).flatMap((group) => group.clauses)).length,
    kernels: new Map(kernels.filter(([, version]) => version !== '')),
  };
}

function emitError(emit: Emit, target: string | null, error: unknown): void {
  const known = error instanceof MmapvetError;
  const details = known ? error.details : [];
  emit({
    kind: 'note',
    target,
    level: 'error',
    text: [messageOf(error), ...details].join('\n'),
    ...(known ? { code: error.code } : { code: 'INTERNAL' }),
    ...(known && error.hint !== undefined ? { hint: error.hint } : {}),
  });
}
