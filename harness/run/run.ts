/** `mmapvet run`: one kernel's execution with what a user sees of it, and its place in the history. */
import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { readAllowFile } from '../contract/allow-file.ts';
import { messageOf } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { onCommand } from '../core/exec.ts';
import { EXIT } from '../core/outcome.ts';
import type { Screen } from '../core/screen.ts';
import { kernelMemoryOf } from '../probe/kernel-memory.ts';
import { createReporters } from '../report/create.ts';
import { createMultiplexer } from '../report/multiplexer.ts';
import type { ReporterSpec } from '../report/parse-spec.ts';
import { memoryText, spansOf, timingSvg, timingText, type GuestMemory } from '../report/timing.ts';
import type { RunRecord } from '../results/history/record.ts';
import { createRunStore, type RunStore } from '../results/store.ts';
import { execute, keptReporters } from './execute.ts';
import { gitBisectCode } from './git-bisect.ts';
import { catalogueOf, type RunPlan } from './plan.ts';
import { readInputs, type Inputs } from './prepare.ts';
import { requireSameBuilds, type Resume } from './resume.ts';
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
  /** The exit code is for `git bisect run`. */
  readonly gitBisect?: boolean;
  /** Go on with another run: its inputs were read where its command was typed. */
  readonly resumed?: { readonly resume: Resume; readonly inputs: Inputs };
  readonly onIdle?: (target: string) => SessionHooks['onIdle'];
}

/** @returns the exit code */
export async function executeRun(plan: RunPlan, context: RunContext): Promise<number> {
  const { screen, signal, command, tool, onIdle, resumed } = context;
  const inputs = resumed?.inputs ?? (await readInputs(plan, signal));
  const allow = await readAllowFile(plan.allow);
  if (resumed !== undefined) {
    const say = (text: string): void => screen.err(`${text}\n`);
    await requireSameBuilds(plan, inputs, resumed.resume, { signal, say });
  }
  const asked = createReporters(context.reporters, { screen, catalogue: catalogueOf(plan) });
  using store = createRunStore(undefined, plan.output === undefined ? {} : { folder: plan.output });
  const reporters = createMultiplexer([...asked, ...keptReporters(store, plan)]);
  const commands = store.place('commands.txt');
  onCommand((line) => {
    appendFileSync(commands, `${line}\n`);
    if (context.verbose && !reporters.log(`$ ${line}`)) screen.err(`$ ${line}\n`);
  });
  const { exitCode, events, results, failures } = await execute({
    plan,
    origin: { kind: 'inputs', inputs },
    allow,
    store,
    reporters,
    command,
    tool,
    signal,
    ...(resumed === undefined ? {} : { resume: resumed.resume }),
    ...(onIdle === undefined ? {} : { onIdle }),
  });
  if (plan.timing) await keepTiming(events, store, screen);
  for (const { name, error } of failures)
    screen.err(`${screen.style('red', 'error')} The reporter "${name}" failed: ${messageOf(error)}\n`);
  // A probe of the user's own has no past: the next one of its name may be another.
  if (plan.own === null) await remember({ folder: store.folder, command, results }, screen);
  const code = failures.length > 0 && exitCode === EXIT.good ? EXIT.undecided : exitCode;
  if (context.gitBisect !== true) return code;
  return code === exitCode ? gitBisectCode(code, events) : code;
}

/** As a picture and as text in the run folder; the text also beside the report, with what memory guests took. */
async function keepTiming(events: readonly Event[], store: RunStore, screen: Screen): Promise<void> {
  const spans = spansOf(events);
  const memory = memoryText(await memoryOfGuests(events));
  const text = [...timingText(spans, Math.min(120, screen.columns)), ...memory].map((line) => `${line}\n`);
  store.writeText('timing.txt', text.join(''));
  store.writeText('timing.svg', timingSvg(spans));
  screen.err(`\n${text.join('')}\n  ${store.place('timing.svg')}\n`);
}

/** Out of the guests' consoles. */
const memoryOfGuests = (events: readonly Event[]): Promise<GuestMemory[]> =>
  Promise.all(
    events
      .filter((event) => event.kind === 'guest')
      .map(async ({ target, guest, console }) => ({
        target,
        guest: guest ?? 0,
        kib: kernelMemoryOf(await readFile(console, 'utf8').catch(() => '')),
      })),
  );

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
