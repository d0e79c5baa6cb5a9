import { describe, expect, it } from 'vitest';
import type { Cell, EventBody, Fault } from '../../../harness/core/events.ts';
import { symbolizingEmit } from '../../../harness/run/fault-symbols.ts';

const FAULT: Fault = { class: 'oops', title: 'NULL pointer dereference in f', lines: ['BUG: …'], frames: [] };
const FILES = { vmlinux: '/vmlinux', modules: [] };

const cell = (faults: Fault[]): EventBody => ({
  kind: 'cell',
  cell: {
    clause: 'A01',
    path: 'direct',
    target: 'x86_64',
    profile: 'base',
    outcome: 'fault',
    ran: true,
    reason: '',
    observers: { driver: [], user: [] },
    durationMs: 1,
    repeats: [],
    log: [],
    evidence: 'x86_64/A01-direct',
    faults,
  } satisfies Cell,
});

function start(lookUp: (faults: readonly Fault[]) => Promise<readonly Fault[]>) {
  const events: EventBody[] = [];
  const files = new Map<string, string>();
  const store = { writeText: (path: string, text: string) => void files.set(path, text) };
  const { signal } = new AbortController();
  const late = symbolizingEmit((event) => events.push(event), 'x86_64', store, signal, lookUp);
  late.useSymbols(FILES);
  return { late, events, files };
}

describe('symbolizingEmit', () => {
  it('holds back only what has faults, and writes their evidence again', async () => {
    const { late, events, files } = start(async (faults) => faults.map((fault) => ({ ...fault, cpu: 1 })));
    late.emit(cell([FAULT]));
    late.emit(cell([]));
    late.emit({ kind: 'kernel-fault', target: 'x86_64', during: 'boot', fault: FAULT });
    expect(events.map((event) => event.kind === 'cell' && event.cell.faults)).toEqual([[]]);
    await late.settled();
    expect(events.slice(1)).toMatchObject([
      { cell: { faults: [{ cpu: 1 }] } },
      { kind: 'kernel-fault', fault: { cpu: 1 } },
    ]);
    expect(files.get('x86_64/A01-direct/fault-1.txt')).toMatch(/^oops: NULL pointer dereference in f\nCPU 1\n/);
  });

  it('looks the same fault up once, however many cells have it', async () => {
    let asked = 0;
    const { late, events } = start(async (faults) => {
      asked += faults.length;
      return faults.map((fault) => ({ ...fault, cpu: 1 }));
    });
    for (let n = 0; n < 5; n += 1) late.emit(cell([FAULT]));
    await late.settled();
    expect(asked).toBe(1);
    expect(events).toHaveLength(5);
    expect(events[4]).toMatchObject({ cell: { faults: [{ cpu: 1 }] } });
  });

  it('loses no fault where symbols can not be looked up, and says so once', async () => {
    const { late, events } = start(() => Promise.reject(new Error('no objdump')));
    late.emit(cell([FAULT]));
    late.emit(cell([FAULT]));
    await late.settled();
    expect(events.map((event) => event.kind)).toEqual(['note', 'cell', 'cell']);
    expect(events[0]).toMatchObject({ level: 'warning', text: 'Symbols could not be looked up: no objdump' });
  });
});
