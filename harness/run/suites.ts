/** The kernel's own test programs: run on this machine or in guests, one cell each. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { AllowEntry } from '../contract/allow.ts';
import { programsOn, type SuiteProgram } from '../contract/suites.ts';
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { CellId, Emit } from '../core/events.ts';
import { spawn } from '../core/exec.ts';
import { CASES, type SuiteBuild } from '../kernel/suites.ts';
import { inStage } from '../kernel/stage.ts';
import { watchGuest, type GuestWatch } from '../machine/ending.ts';
import type { Guest } from '../machine/guest.ts';
import { createCaseReader } from '../probe/cases.ts';
import { collapse, sliceByCell } from '../probe/slices.ts';
import { findSplats } from '../probe/splat.ts';
import { readUserland } from '../probe/userland.ts';
import { harmless, harmlessText } from '../probe/untrusted.ts';
import { decideProgram, type ProgramEnd, type ProgramResult } from '../results/suite-verdict.ts';
import { SshConnection } from '../ssh/connection.ts';
import type { GuestKind } from './batches.ts';
import { NOTHING_FOUND, type Found } from './evidence.ts';
import { ofGuest, type Guests } from './guests.ts';
import type { Pace } from './pace.ts';
import type { RunPlan } from './plan.ts';
import { CONSOLE_LAG_MS, sawLine } from './console-line.ts';
import type { Attempt } from './tally.ts';

export const suiteCells = (plan: Pick<RunPlan, 'programs' | 'profile'>, target: string): CellId[] =>
  programsOn(plan.programs, target).map(({ suite, name }) => ({
    clause: suite,
    path: name,
    target,
    profile: plan.profile.name,
  }));

/** What it takes to run programs on one target, or on this machine. */
export interface SuiteOptions {
  readonly plan: RunPlan;
  readonly target: string;
  readonly allow: readonly AllowEntry[];
  /** What time limits are stretched by. */
  readonly pace: Pace;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export interface SuiteLedgerOptions extends Pick<SuiteOptions, 'target' | 'allow' | 'emit'> {
  readonly profile: string;
  readonly programs: readonly SuiteProgram[];
  /** Lines of the kernel's config; null where it is not known. */
  readonly config: ReadonlySet<string> | null;
  /** Empty where it is not known. */
  readonly kernelVersion: string;
  readonly onVerdict: (attempt: Attempt) => void;
}

/** One run of several programs: which are still to be run, and how each end becomes a verdict. */
export class SuiteLedger {
  readonly #options: SuiteLedgerOptions;
  readonly #open: Set<SuiteProgram>;
  /** The number of the guest that runs them; null before any does, and on this machine. */
  guest: number | null = null;

  constructor(options: SuiteLedgerOptions) {
    this.#options = options;
    this.#open = new Set(options.programs);
  }

  get pending(): readonly SuiteProgram[] {
    return [...this.#open];
  }

  begin(program: SuiteProgram): void {
    this.#options.emit({ kind: 'cell-start', cell: this.#idOf(program) });
  }

  settle(program: SuiteProgram, result: ProgramResult, found: Partial<Found> = {}): void {
    if (!this.#open.delete(program)) return;
    const { config, kernelVersion, allow, onVerdict } = this.#options;
    const all = { ...NOTHING_FOUND, guest: this.guest, ...found };
    const cell = decideProgram({
      id: this.#idOf(program),
      program,
      result,
      splats: findSplats(all.slice),
      config,
      kernelVersion,
      allow,
    });
    // One that the guest took with it says nothing of the kernel where that was not the kernel's doing.
    onVerdict({ ...all, cell, ours: result.kind === 'ran' && result.end.kind === 'lost' });
  }

  /** All that are left: nothing more will be known about them. */
  giveUp(why: string, outcome: 'error' | 'not-applicable' = 'error'): void {
    for (const program of this.pending) this.settle(program, { kind: 'not-run', outcome, why });
  }

  #idOf({ suite, name }: SuiteProgram): CellId {
    const { target, profile } = this.#options;
    return { clause: suite, path: name, target, profile };
  }
}

/** A program runs as long as twenty probes may: some of them are many tests, and emulated. */
const limitOf = ({ plan, pace }: SuiteOptions): number => Math.ceil(pace.stretch(plan.probeSeconds * 20_000) / 1000);

/** A sanitizer's first complaint is the end: what comes after it means nothing. */
const SANITIZERS = { ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' };

const KEPT_BYTES = 8 * 1024 * 1024;

/** tools/testing/vma on this machine. */
export async function runUserland(build: SuiteBuild, ledger: SuiteLedger, options: SuiteOptions): Promise<void> {
  settleAbsent(build, ledger);
  for (const program of ledger.pending)
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    await runOnHost(build.folder, program, ledger, options);
}

function settleAbsent({ absent }: SuiteBuild, ledger: SuiteLedger): void {
  for (const program of ledger.pending) if (absent.includes(program.name)) ledger.settle(program, { kind: 'absent' });
}

async function runOnHost(
  folder: string,
  program: SuiteProgram,
  ledger: SuiteLedger,
  options: SuiteOptions,
): Promise<void> {
  const { signal } = options;
  const seconds = limitOf(options);
  const names = (await readFile(join(folder, CASES), 'utf8')).split('\n').filter(Boolean);
  ledger.begin(program);
  const began = performance.now();
  const done = await spawn([join(folder, program.name)], {
    env: SANITIZERS,
    timeout: seconds * 1000,
    cancelSignal: signal,
    maxBuffer: KEPT_BYTES,
    reject: false,
  });
  signal.throwIfAborted();
  const [stdout, stderr] = [String(done.stdout), String(done.stderr)];
  const end: ProgramEnd = done.timedOut
    ? { kind: 'timeout', seconds }
    : done.exitCode === undefined
      ? { kind: 'signal', signal: done.signal ?? 'a signal' }
      : { kind: 'exit', code: done.exitCode };
  const list = readUserland(stdout, stderr, names);
  ledger.settle(
    program,
    { kind: 'ran', end, list, lastWords: lastWords(stderr), durationMs: since(began) },
    { files: filesOf(stdout, stderr) },
  );
}

/** What a program said, for the evidence. A program of many words has its sum and its last ones at the end. */
function filesOf(stdout: string, stderr: string): ReadonlyMap<string, string> {
  const texts = [
    ['stdout.txt', stdout],
    ['stderr.txt', stderr],
  ] as const;
  return new Map(
    texts
      .filter(([, text]) => text !== '')
      .map(([name, text]) => [name, harmlessText(text.slice(-SAID_BYTES)).trimEnd()]),
  );
}

const SAID_BYTES = 64 * 1024;

const lastWords = (text: string): string => harmless(text.trim().split('\n').at(-1) ?? '', 200);
const since = (began: number): number => Math.round(performance.now() - began);

/** Guests that programs may cost; one more would end the same way. */
const MOST_GUESTS = 4;
/** Guests one after the other that ran none of them: the first one may have been bad luck. */
const MOST_FRUITLESS = 2;

/**
 * Programs in guests of one kind, the next one in a fresh guest where one was lost.
 * @returns what keeps every guest from running programs; null where the next one may be spared it
 */
export async function runInGuests(
  build: SuiteBuild,
  guests: Guests,
  kind: GuestKind,
  ledger: SuiteLedger,
  options: SuiteOptions,
): Promise<string | null> {
  settleAbsent(build, ledger);
  let fruitless = 0;
  for (let used = 1; ledger.pending.length > 0; used += 1) {
    if (used > MOST_GUESTS) {
      ledger.giveUp(`${MOST_GUESTS} guests were lost before it`);
      return null;
    }
    // oxlint-disable-next-line no-await-in-loop -- the next guest is for what this one leaves
    const trouble = await runInGuest(build, guests, kind, ledger, options);
    fruitless = trouble === null ? 0 : fruitless + 1;
    if (trouble !== null && fruitless >= MOST_FRUITLESS) {
      ledger.giveUp(trouble);
      return trouble;
    }
  }
  return null;
}

/** @returns as runInGuests */
async function runInGuest(
  build: SuiteBuild,
  guests: Guests,
  kind: GuestKind,
  ledger: SuiteLedger,
  options: SuiteOptions,
): Promise<string | null> {
  const { signal } = options;
  const number = guests.next();
  ledger.guest = number;
  await using guest = await guests.open(number, kind);
  using watch = watchGuest(guest);
  try {
    await guest.whenReady;
    await using connection = await SshConnection.connect(guest.takeSsh(), signal);
    return await inStage('probe', options.target, '', { emit: ofGuest(options.emit, number) }, async () => {
      for (const program of ledger.pending) {
        // oxlint-disable-next-line no-await-in-loop -- one at a time
        const lost = await runProgram(build.folder, program, { guest, watch, connection }, ledger, options);
        if (lost) break;
      }
      return { value: null };
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MmapvetError)) throw error;
    return messageOf(error);
  }
}

/** 1: any size may be mapped; 0, the kernel's own: none that is obviously more than there is. */
const OVERCOMMIT = '/proc/sys/vm/overcommit_memory';

/** Where programs lie in the guest, and where they run: they make files of their own. */
const PLACE = '/tmp/selftests';

interface Connected {
  readonly guest: Guest;
  readonly watch: GuestWatch;
  readonly connection: SshConnection;
}

/** @returns whether the guest was lost */
async function runProgram(
  folder: string,
  program: SuiteProgram,
  { guest, watch, connection }: Connected,
  ledger: SuiteLedger,
  options: SuiteOptions,
): Promise<boolean> {
  const { pace, signal } = options;
  const seconds = limitOf(options);
  const mark = `${program.suite}.${program.name}`;
  const file = `${PLACE}/${program.name}`;
  const packed = await promisify(gzip)(await readFile(join(folder, program.name)));
  const reader = createCaseReader();
  ledger.begin(program);
  const began = performance.now();
  const put = `mkdir -p ${PLACE} && cd ${PLACE} && gunzip > ${file} && chmod 700 ${file} && echo ${program.overcommits ? 1 : 0} > ${OVERCOMMIT} || exit ${NOT_PUT}`;
  const result = await connection.exec({
    command: `${put}; echo "mmapvet: begin ${mark}" > /dev/kmsg; ${file} < /dev/null; code=$?; echo "mmapvet: end ${mark}" > /dev/kmsg; rm -f ${file}; exit $code`,
    input: packed,
    timeoutMs: seconds * 1000,
    onStdout: (text) => reader.push(text),
    until: watch.over.then(({ text }) => text),
    signal,
  });
  const list = reader.end();
  const end = await endOfProgram(result.end, seconds, watch);
  // What the kernel said at its end may still be on its way.
  if (end.kind !== 'lost') await sawLine(guest, `mmapvet: end ${mark}`, pace.stretch(CONSOLE_LAG_MS));
  const slice = sliceByCell(guest.console.lines()).cells.get(collapse(mark)) ?? [];
  if (end.kind === 'exit' && end.code === NOT_PUT)
    ledger.settle(program, {
      kind: 'not-run',
      outcome: 'error',
      why: `it could not be put into the guest: ${lastWords(result.stderr)}`,
    });
  else
    ledger.settle(
      program,
      { kind: 'ran', end, list, lastWords: lastWords(result.stderr), durationMs: since(began) },
      { slice, files: filesOf(result.stdout, result.stderr) },
    );
  // A program that is still running would be in the way of the next one.
  return end.kind === 'lost' || end.kind === 'timeout';
}

/** No kselftest ends with it. */
const NOT_PUT = 103;

/** What a shell makes of a signal. */
const SIGNALLED = 128;

async function endOfProgram(
  end: Awaited<ReturnType<SshConnection['exec']>>['end'],
  seconds: number,
  watch: GuestWatch,
): Promise<ProgramEnd> {
  switch (end.kind) {
    case 'exit':
      return end.code > SIGNALLED ? { kind: 'signal', signal: `signal ${end.code - SIGNALLED}` } : end;
    case 'signal':
      return end;
    case 'timeout':
      return { kind: 'timeout', seconds };
    case 'lost': {
      const gone = await Promise.race([watch.over, later()]);
      return gone === null
        ? { kind: 'lost', why: `the connection was lost (${end.why})`, byKernel: false }
        : { kind: 'lost', why: gone.text, byKernel: gone.by === 'guest' };
    }
  }
}

const later = (): Promise<null> => new Promise((done) => setTimeout(() => done(null), 3000).unref());
