/** The kernel's own test programs in guests. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { SuiteProgram } from '../contract/suites.ts';
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { SuiteBuild } from '../kernel/suites.ts';
import { inStage } from '../kernel/stage.ts';
import { watchGuest, type GuestWatch } from '../machine/ending.ts';
import type { Guest } from '../machine/guest.ts';
import { createCaseReader } from '../probe/cases.ts';
import { collapse, sliceByCell } from '../probe/slices.ts';
import type { ProgramEnd } from '../results/suite-verdict.ts';
import { SshConnection } from '../ssh/connection.ts';
import type { GuestKind } from './batches.ts';
import { CONSOLE_LAG_MS, sawLine } from './console-line.ts';
import { ofGuest, type Guests } from './guests.ts';
import { settleAbsent, type SuiteLedger } from './suite-ledger.ts';
import { filesOf, lastWords, limitOf, since, type SuiteOptions } from './suite-program.ts';

/** Guests that programs may cost; one more would end the same way. */
const MOST_GUESTS = 4;
/** Guests one after the other that ran none of them: the first one may have been bad luck. */
const MOST_FRUITLESS = 2;

export interface SuiteRun {
  readonly build: SuiteBuild;
  readonly guests: Guests;
  readonly kind: GuestKind;
  readonly ledger: SuiteLedger;
  readonly options: SuiteOptions;
}

/**
 * Programs in guests of one kind, the next one in a fresh guest where one was lost.
 * @returns what keeps every guest from running programs; null where the next one may be spared it
 */
export async function runInGuests(request: SuiteRun): Promise<string | null> {
  const { build, ledger } = request;
  settleAbsent(build, ledger);
  let fruitless = 0;
  for (let used = 1; ledger.pending.length > 0; used += 1) {
    if (used > MOST_GUESTS) {
      ledger.giveUp(`${MOST_GUESTS} guests were lost before it`);
      return null;
    }
    // oxlint-disable-next-line no-await-in-loop -- the next guest is for what this one leaves
    const trouble = await runInGuest(request);
    fruitless = trouble === null ? 0 : fruitless + 1;
    if (trouble !== null && fruitless >= MOST_FRUITLESS) {
      ledger.giveUp(trouble);
      return trouble;
    }
  }
  return null;
}

/** @returns as runInGuests */
async function runInGuest({ build, guests, kind, ledger, options }: SuiteRun): Promise<string | null> {
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
