/**
 * Looks up file and line for the faults on their way to the event stream, once each. Events with faults wait for it;
 * all others pass at once. Trouble with symbols is told once and costs no fault.
 */
import { messageOf } from '../core/errors.ts';
import type { Cell, Emit, EventBody, Fault } from '../core/events.ts';
import { symbolize, type SymbolFiles } from '../probe/symbolize.ts';
import type { RunStore } from '../results/store.ts';
import { keepFaults } from './evidence.ts';

/** Disposed of when all that waited has been emitted. */
export interface SymbolizingEmit extends AsyncDisposable {
  readonly emit: Emit;
}

type LookUp = (faults: readonly Fault[], files: SymbolFiles, signal: AbortSignal) => Promise<readonly Fault[]>;

export function symbolizingEmit(
  emit: Emit,
  target: string,
  files: SymbolFiles,
  store: Pick<RunStore, 'writeText'>,
  signal: AbortSignal,
  lookUp: LookUp = symbolize,
): SymbolizingEmit {
  let waiting: Promise<void> = Promise.resolve();
  let told = false;

  async function withSymbols(faults: readonly Fault[]): Promise<Fault[]> {
    try {
      return [...(await lookUp(faults, files, signal))];
    } catch (error) {
      if (!told && !signal.aborted)
        emit({ kind: 'note', target, level: 'warning', text: `Symbols could not be looked up: ${messageOf(error)}` });
      told = true;
      return [...faults];
    }
  }

  async function cellWithSymbols(cell: Cell): Promise<Cell> {
    const faults = await withSymbols(cell.faults);
    if (cell.evidence !== null) keepFaults(store, cell.evidence, faults);
    return { ...cell, faults };
  }

  async function late(event: EventBody): Promise<void> {
    if (event.kind === 'cell') emit({ ...event, cell: await cellWithSymbols(event.cell) });
    else if (event.kind === 'kernel-fault')
      emit({ ...event, fault: (await withSymbols([event.fault]))[0] ?? event.fault });
  }

  return {
    emit(event) {
      const faults = event.kind === 'cell' ? event.cell.faults.length : event.kind === 'kernel-fault' ? 1 : 0;
      if (faults === 0) emit(event);
      else waiting = waiting.then(() => late(event));
    },
    [Symbol.asyncDispose]: () => waiting,
  };
}
