/**
 * One batch of cells, in one guest after another until each is decided. A guest that dies takes only the cell with it that
 * was running; the rest goes on in a fresh one.
 */
import type { CellId, Emit } from '../core/events.ts';
import { messageOf } from '../core/errors.ts';
import { collectFacts, parseCellName, type ProbeFacts } from '../probe/report.ts';
import { sliceByCell } from '../probe/slices.ts';
import { endFault, findSplats } from '../probe/splat.ts';
import type { GuestKind } from './batches.ts';
import { ofGuest, type Guests } from './guests.ts';
import type { CellLedger } from './ledger.ts';
import type { OwnBinary } from './own-probe.ts';
import type { Pace } from './pace.ts';
import { runSession, troubleText, type SessionHooks, type SessionResult, type SessionTrouble } from './session.ts';

export interface BatchRequest {
  readonly target: string;
  readonly guests: Guests;
  readonly kind: GuestKind;
  readonly probeSeconds: number;
  readonly silenceMs: number;
  readonly pace: Pace;
  readonly seed: number | null;
  readonly lie: number;
  readonly own: OwnBinary | null;
  readonly signal: AbortSignal;
  readonly onIdle?: SessionHooks['onIdle'];
  readonly coverage?: SessionHooks['coverage'];
}

/** A kernel that kills its guest over and over is known well enough after this many. */
const MAX_GUESTS = 5;

/** Trouble that neither the kernel nor a probe made. */
function isOurs(trouble: SessionTrouble): boolean {
  switch (trouble.kind) {
    case 'connection':
      return true;
    case 'guest-died':
      return trouble.by === 'host';
    case 'hang':
      return trouble.hang.by === 'line' || trouble.hang.by === 'host';
    case 'boot':
    case 'driver':
    case 'probes':
    case 'unload':
      return false;
  }
}

/** A guest that was lost before it decided anything: as a rule the next one is too, unless the trouble was ours. */
const mostFruitless = (trouble: SessionTrouble | null): number =>
  trouble !== null && trouble.kind !== 'hang' && isOurs(trouble) ? 2 : 1;

/** @returns the trouble that no other guest of this target would be spared, else null */
export async function runBatch(request: BatchRequest, ledger: CellLedger, emit: Emit): Promise<SessionTrouble | null> {
  let fruitless = 0;
  for (let used = 1; ledger.pending.length > 0; used += 1) {
    if (used > MAX_GUESTS) {
      ledger.giveUp('not-run', `${MAX_GUESTS} guests died before it`);
      return null;
    }
    const before = ledger.pending.length;
    ledger.lastGuest = used === MAX_GUESTS;
    const result = await runOnce(request, ledger, emit);
    takeTrouble(result, ledger, emit, request.target);
    takeConsoleFaults(result, emit, request.target);
    fruitless = ledger.pending.length < before ? 0 : fruitless + 1;
    if (fruitless >= mostFruitless(result.trouble)) ledger.giveUp('not-run', troubleText(result.trouble));
    if (result.trouble?.kind === 'boot' || result.trouble?.kind === 'driver') return result.trouble;
  }
  return null;
}

async function runOnce(request: BatchRequest, ledger: CellLedger, emit: Emit): Promise<SessionResult> {
  const { target, guests, kind, probeSeconds, silenceMs, pace, seed, lie, own, signal, onIdle, coverage } = request;
  const number = guests.next();
  ledger.guest = number;
  return runSession(
    {
      target,
      open: () => guests.open(number, kind),
      cells: ledger.pending,
      probeSeconds,
      silenceMs,
      pace,
      seed,
      lie,
      own,
      signal,
    },
    {
      emit: ofGuest(emit, number),
      onHeader: (header) => {
        ledger.features = header.features;
        ledger.kernelVersion = header.kernel;
      },
      onBegin: (cell) => ledger.begin(cell),
      onReport: (report) => ledger.report(report),
      ...(onIdle === undefined ? {} : { onIdle }),
      ...(coverage === undefined ? {} : { coverage }),
    },
  );
}

/**
 * The cell that began and did not end. What it said of itself may have died with the guest, when the console has it; and
 * the console may have lost the end of a cell whose verdict is here, which then ran no more.
 * @param pending the cells without a verdict
 */
export function runningCell(
  { transcript, lines }: Pick<SessionResult, 'transcript' | 'lines'>,
  pending: readonly CellId[],
): ProbeFacts | null {
  const told = transcript?.unfinished.at(-1);
  if (told !== undefined) return told;
  const { open } = sliceByCell(lines);
  const name = open === null ? null : parseCellName(open);
  if (name === null || !pending.some(({ clause, path }) => clause === name.clause && path === name.path)) return null;
  return collectFacts(name).facts();
}

/** Decides the cells that this guest's end decides; the others stay pending. */
function takeTrouble(result: SessionResult, ledger: CellLedger, emit: Emit, target: string): void {
  const { trouble, transcript, lines } = result;
  const running = runningCell(result, ledger.pending);
  const lost = (text: string, code: string): void => {
    // Ours, it costs a guest only: the cell that it took with it, and those that are left, get another one. Where that does
    // not help they are errors themselves. An end after all of them leaves its own checks undone.
    const harmless = trouble !== null && isOurs(trouble) && (running !== null || ledger.pending.length > 0);
    note(emit, target, text, undefined, code, harmless ? 'warning' : 'error');
  };
  switch (trouble?.kind) {
    case undefined:
      if (!result.ended) note(emit, target, 'The guest never said that it came to its end.', undefined, 'NO_END_MARK');
      ledger.endGuest(transcript?.problems.join('; ') ?? '');
      return;
    case 'boot': {
      const faults = findSplats(lines);
      ledger.giveUp('not-run', `the guest did not boot: ${messageOf(trouble.error)}`, faults);
      note(emit, target, `The guest did not boot: ${messageOf(trouble.error)}`, trouble.error.hint, trouble.error.code);
      return;
    }
    case 'driver':
      ledger.giveUp('not-run', trouble.text);
      note(emit, target, `The driver did not load: ${trouble.text}`, 'Read the end of the console.', 'DRIVER_LOAD');
      return;
    case 'guest-died': {
      const own = trouble.by === 'guest' ? endFault(trouble.text, lines) : null;
      if (running !== null) ledger.broken(running, 'guest-died', trouble.text, lines, own);
      else if (own !== null && findSplats(lines).length === 0)
        emit({ kind: 'kernel-fault', target, during: 'between probes', fault: own });
      lost(`A guest was lost: ${trouble.text}.`, 'GUEST_LOST');
      return;
    }
    case 'hang': {
      const { by, fault, files } = trouble.hang;
      const why = by === 'line' ? 'lost-connection' : by === 'host' ? 'guest-died' : 'hang';
      if (running !== null) ledger.broken(running, why, trouble.text, lines, fault, files);
      else if (fault !== null && findSplats(lines).length === 0)
        emit({ kind: 'kernel-fault', target, during: 'between probes', fault });
      lost(`A guest came to no end: ${trouble.text}.`, 'GUEST_HANGS');
      return;
    }
    case 'connection':
      if (running !== null) ledger.broken(running, 'lost-connection', trouble.text, lines);
      lost(`A guest was lost: ${trouble.text}.`, 'GUEST_LOST');
      return;
    case 'probes':
      if (running !== null) ledger.broken(running, 'cut-off', trouble.text, lines);
      note(emit, target, `The probes did not end in order: ${trouble.text}.`, undefined, 'PROBES_BROKE');
      return;
    case 'unload':
      ledger.endGuest(transcript?.problems.join('; ') ?? '');
      note(emit, target, `The driver did not unload: ${trouble.text}`, 'Read the end of the console.', 'DRIVER_UNLOAD');
      return;
  }
}

/**
 * What only the console knows: complaints while no probe ran (booting, loading, unloading), and any during a cell whose
 * own reading of the kernel log has none. Titles are not compared: the serial line may garble them.
 */
function takeConsoleFaults(result: SessionResult, emit: Emit, target: string): void {
  const { cells, outside } = sliceByCell(result.lines);
  const during = result.transcript === null ? 'boot' : 'between probes';
  for (const fault of findSplats(outside)) emit({ kind: 'kernel-fault', target, during, fault });
  for (const report of result.transcript?.reports ?? []) {
    if (findSplats(report.kmsg).length > 0) continue;
    for (const fault of findSplats(cells.get(report.cell) ?? []))
      emit({ kind: 'kernel-fault', target, during: report.cell, fault });
  }
}

const note = (
  emit: Emit,
  target: string,
  text: string,
  hint?: string,
  code?: string,
  level: 'error' | 'warning' = 'error',
): void =>
  emit({
    kind: 'note',
    target,
    level,
    text,
    ...(hint === undefined ? {} : { hint }),
    ...(code === undefined ? {} : { code }),
  });
