/**
 * Looks up file and line for the faults on their way to the event stream, once each. Events with faults wait for it;
 * all others pass at once. Trouble with symbols is told once and costs no fault.
 */
import { messageOf } from '../core/errors.ts';
import type { Cell, Emit, EventBody, Fault } from '../core/events.ts';
import { symbolize, type SymbolFiles } from '../probe/symbolize.ts';
import type { RunStore } from '../results/store.ts';
import { keepFaults } from './evidence.ts';

export interface SymbolizingEmit {
  readonly emit: Emit;
  /** Where the symbols are; until that is known faults go on without. */
  useSymbols(files: SymbolFiles): void;
  /** All that waited has been emitted. */
  settled(): Promise<void>;
}

type LookUp = (faults: readonly Fault[], files: SymbolFiles, signal: AbortSignal) => Promise<readonly Fault[]>;

export function symbolizingEmit(
  emit: Emit,
  target: string,
  store: Pick<RunStore, 'writeText'>,
  signal: AbortSignal,
  lookUp: LookUp = symbolize,
): SymbolizingEmit {
  let waiting: Promise<void> = Promise.resolve();
  let files: SymbolFiles | null = null;
  /** A kernel that does not boot leaves all cells with the same faults. */
  const known = new WeakMap<Fault, Fault>();

  async function withSymbols(faults: readonly Fault[]): Promise<Fault[]> {
    const fresh = faults.filter((fault) => !known.has(fault));
    try {
      const found = files === null || fresh.length === 0 ? fresh : await lookUp(fresh, files, signal);
      for (const [index, fault] of fresh.entries()) known.set(fault, found[index] ?? fault);
    } catch (error) {
      // What is missing now is missing for the next fault as well.
      files = null;
      if (!signal.aborted)
        emit({ kind: 'note', target, level: 'warning', text: `Symbols could not be looked up: ${messageOf(error)}` });
    }
    return faults.map((fault) => known.get(fault) ?? fault);
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
      if (faults === 0 || files === null) emit(event);
      else waiting = waiting.then(() => late(event));
    },
    useSymbols: (where) => void (files = where),
    settled: () => waiting,
  };
}
