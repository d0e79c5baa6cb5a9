/**
 * One run from a plan to its exit code: the kernel once, then all targets side by side. Kernel builds go one at a time,
 * guests of a finished target run while another compiles, and no more guests run at once than the host can bear.
 */
import { appendFileSync } from 'node:fs';
import { readAllowFile } from '../contract/allow-file.ts';
import { CATALOGUE, cellsFor, findClauses } from '../contract/catalogue.ts';
import { readRecorded, type Recorded } from '../contract/recorded.ts';
import type { Target } from '../core/arch.ts';
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { CellId, Emit } from '../core/events.ts';
import { onCommand } from '../core/exec.ts';
import { createReporters } from '../report/create.ts';
import { createMultiplexer } from '../report/multiplexer.ts';
import type { ReporterSpec } from '../report/parse-spec.ts';
import { spansOf, timingSvg, timingText } from '../report/timing.ts';
import { repeatCommand } from '../report/repeat-command.ts';
import type { Screen } from '../core/screen.ts';
import type { RunRecord } from '../results/history/record.ts';
import { buildResults } from '../results/results.ts';
import { createRunStore, type RunStore } from '../results/store.ts';
import type { Event } from '../core/events.ts';
import { keepEvidence } from './evidence.ts';
import { symbolizingEmit } from './fault-symbols.ts';
import { createKnownTrouble, type KnownTrouble, type Scope } from './known.ts';
import { Gate, guestsAtOnce } from './limits.ts';
import type { RunPlan } from './plan.ts';
import { prepareKernel, prepareTarget, readInputs, type Inputs } from './prepare.ts';
import { createRecorder } from './record.ts';
import { createSink, type Sink } from './sink.ts';
import { TargetVet } from './target.ts';
import { machineFor } from '../machine/machine.ts';
import type { SessionHooks } from './session.ts';

export interface RunContext {
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly reporters: readonly ReporterSpec[];
  /** What the user typed, for the record and for commands that repeat a cell. */
  readonly command: readonly string[];
  readonly tool: string;
  /** Show each command before it runs; the run folder has them in any case. */
  readonly verbose: boolean;
  readonly onIdle?: (target: string) => SessionHooks['onIdle'];
}

export async function executeRun(plan: RunPlan, context: RunContext): Promise<number> {
  const { screen } = context;
  const inputs = await readInputs(plan, context.signal);
  const facts: Facts = { recorded: readRecorded(), known: createKnownTrouble(await readAllowFile(plan.allow)) };
  const asked = createReporters(context.reporters, { screen, catalogue: CATALOGUE });
  using store = createRunStore(undefined, plan.output === undefined ? {} : { folder: plan.output });
  const kept = createReporters(
    [
      { name: 'ktap', file: store.place('report.ktap') },
      { name: 'junit', file: store.place('junit.xml') },
    ],
    { screen, catalogue: CATALOGUE },
  );
  const reporters = createMultiplexer([...asked, ...kept]);
  const commands = store.place('commands.txt');
  onCommand((command) => {
    appendFileSync(commands, `${command}\n`);
    if (context.verbose && !reporters.log(`$ ${command}`)) screen.err(`$ ${command}\n`);
  });
  const events: Event[] = [];
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
    tool: context.tool,
    command: [...context.command],
    folder: store.folder,
    targets: plan.targets.map((target) => target.name),
    profile: plan.profile.name,
    cells: plan.targets.flatMap((target) => cellsOf(plan, target)),
  });

  const interrupted = await runAll(plan, inputs, facts, context, store, sink);

  const exitCode = sink.exitCode(plan.strict, interrupted);
  const durationMs = Math.round(performance.now() - start);
  sink.emit({ kind: 'run-end', counts: { ...sink.counts() }, exitCode, interrupted, durationMs });
  const results = buildResults(events);
  store.writeResults(results);
  const failures = await reporters.finish();
  if (plan.timing) keepTiming(events, store, screen);
  for (const { name, error } of failures)
    screen.err(`${screen.style('red', 'error')} The reporter "${name}" failed: ${messageOf(error)}\n`);
  await remember({ folder: store.folder, command: context.command, results }, screen);
  return failures.length > 0 && exitCode === 0 ? 2 : exitCode;
}

/** A history that can't be read costs the order of the batches, no more. */
async function durationsOf(target: string, profile: string): Promise<ReadonlyMap<string, number>> {
  try {
    const { storedDurations } = await import('../results/history/durations.ts');
    return storedDurations(target, profile);
  } catch {
    return new Map();
  }
}

/** As a picture and as text in the run folder; the text also beside the report. */
function keepTiming(events: readonly Event[], store: RunStore, screen: Screen): void {
  const spans = spansOf(events);
  const text = timingText(spans, Math.min(120, screen.columns)).map((line) => `${line}\n`);
  store.writeText('timing.txt', text.join(''));
  store.writeText('timing.svg', timingSvg(spans));
  screen.err(`\n${text.join('')}\n  ${store.place('timing.svg')}\n`);
}

/** The history is for later: that it can't be written is worth a word, and no reason for a run to fail. */
async function remember(record: RunRecord, screen: Screen): Promise<void> {
  try {
    const { openHistory } = await import('../results/history/open.ts');
    const { recordRun } = await import('../results/history/record.ts');
    using history = openHistory();
    recordRun(history, record);
  } catch (error) {
    screen.err(`${screen.style('yellow', 'note')} The run is not in the history: ${messageOf(error)}\n`);
  }
}

export function cellsOf(plan: RunPlan, target: Target): CellId[] {
  return plan.checks.map(({ clause, path }) => ({
    clause: clause.id,
    path,
    target: target.name,
    profile: plan.profile.name,
  }));
}

/** What was known of the kernel before the run. */
interface Facts {
  readonly recorded: Recorded;
  readonly known: KnownTrouble;
}

/** @returns whether the user stopped it; every other trouble is an event */
async function runAll(
  plan: RunPlan,
  inputs: Inputs,
  facts: Facts,
  context: RunContext,
  store: RunStore,
  sink: Sink,
): Promise<boolean> {
  const { signal } = context;
  const late = new Map(
    plan.targets.map((target) => [target, symbolizingEmit(sink.emit, target.name, store, signal)] as const),
  );
  const emitOf = (target: Target): Emit => late.get(target)?.emit ?? sink.emit;
  const vets = new Map(
    plan.targets.map((target) => [target, targetVet(plan, target, facts, context, store, emitOf(target))]),
  );
  const recorder = plan.update ? createRecorder(facts.recorded, plan.checks) : null;
  /** Trouble of one target, or of all. An interrupt is no trouble, whatever it broke on its way. */
  const giveUp = (error: unknown, target: Target | null): void => {
    if (signal.aborted) return;
    emitError(sink.emit, target?.name ?? null, error);
    for (const each of target === null ? plan.targets : [target]) vets.get(each)?.giveUp('not-run', messageOf(error));
  };
  try {
    const kernel = await prepareKernel(plan, inputs, { emit: sink.emit, signal, logFolder: store.place('logs') });
    await recorder?.locate(kernel);
    const building = new Gate(1);
    const most = guestsAtOnce(Math.max(...plan.targets.map((target) => machineFor(target.name).memoryMiB)));
    const running = new Gate(Math.min(most, plan.guests ?? most));
    const builds = plan.targets.map((target) => ({
      target,
      prepared: building.hold(() => prepareTarget(kernel, target)),
    }));
    // The source is locked for other runs no longer than it is needed: guests go on without it.
    const freed = Promise.allSettled(builds.map((build) => build.prepared)).then(() => kernel[Symbol.asyncDispose]());
    await Promise.all(
      builds.map(async ({ target, prepared }) => {
        try {
          const ready = await prepared;
          if (ready.kind === 'built')
            late.get(target)?.useSymbols({ vmlinux: ready.build.vmlinux, modules: [ready.build.module] });
          await vets.get(target)?.run(ready, running);
        } catch (error) {
          giveUp(error, target);
        }
      }),
    );
    await freed;
  } catch (error) {
    giveUp(error, null);
  }
  if (signal.aborted) for (const vet of vets.values()) vet.giveUp('interrupted', '');
  await Promise.all(late.values().map((each) => each.settled()));
  if (signal.aborted) return true;
  facts.known.conclude(scopeOf(plan, vets), sink.emit);
  recorder?.conclude(sink.cells, sink.emit);
  return false;
}

/** Targets whose kernel is known: only there an entry of allow.yaml can be said to be needless. */
function scopeOf(plan: RunPlan, vets: ReadonlyMap<Target, TargetVet>): Scope {
  const kernels = [...vets].map(([target, vet]) => [target.name, vet.kernelVersion] as const);
  return {
    checks: plan.checks,
    whole: plan.checks.length === cellsFor(findClauses([])).length,
    kernels: new Map(kernels.filter(([, version]) => version !== '')),
  };
}

function targetVet(
  plan: RunPlan,
  target: Target,
  facts: Facts,
  context: RunContext,
  store: RunStore,
  emit: Emit,
): TargetVet {
  const onIdle = context.onIdle?.(target.name);
  return new TargetVet({
    ...facts,
    plan,
    target: target.name,
    consoleFile: (guest) => store.place(`${target.name}/console-${guest === 0 ? 'boot' : guest}.log`),
    durations: () => durationsOf(target.name, plan.profile.name),
    keepConfig: (text) => store.writeText(`${target.name}/kernel.config`, text),
    keepEvidence: (cell, slice) =>
      keepEvidence(store, cell, slice, repeatCommand(context.command, cell.clause, cell.target)),
    emit,
    signal: context.signal,
    ...(onIdle === undefined ? {} : { onIdle }),
  });
}

export function emitError(emit: Emit, target: string | null, error: unknown): void {
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
