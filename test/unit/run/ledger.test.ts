import { describe, expect, test } from 'vitest';
import { cellsFor, findClauses } from '../../../harness/contract/catalogue.ts';
import type { ProbeReport } from '../../../harness/probe/report.ts';
import { CellLedger } from '../../../harness/run/ledger.ts';

const CHECKS = cellsFor(findClauses(['A01', 'E02'])).filter(({ path }) => path === 'direct');
const DIED = 1 << 7;
const WARNING = [
  '------------[ cut here ]------------',
  'WARNING: kernel/x.c:107 at idle+0xf0/0x148, CPU#1: swapper/1/0',
];

function report(cell: string, more: Partial<ProbeReport>): ProbeReport {
  return {
    cell,
    clause: cell.slice(0, 3),
    path: 'direct',
    driver: [{ ok: true, text: 'd' }],
    user: [{ ok: true, text: 'u' }],
    log: [],
    counts: { prepare: 1, mapped: 1 },
    vmas: [],
    kmsg: [],
    splats: [],
    changed: null,
    observed: { driver: [], user: [] },
    taint: { before: 0, after: 0 },
    durationMs: 1,
    lost: 0,
    said: [],
    outcome: 'pass',
    reason: '',
    ...more,
  };
}

function ledger() {
  const verdicts: string[] = [];
  const made = new CellLedger({
    target: 'x86_64',
    profile: 'base',
    checks: CHECKS,
    features: null,
    kernelVersion: '7.3.4',
    emit: () => {},
    recorded: { version: 1, cells: {} },
    allow: [],
    onVerdict: ({ cell }) => verdicts.push(`${cell.clause} ${cell.outcome}`),
  });
  return { made, verdicts, pending: () => made.pending.map(({ clause }) => clause) };
}

describe('a kernel that has oopsed is no witness against itself', () => {
  const oops = report('A01.direct', { kmsg: ['kernel BUG at x.c:1!'], taint: { before: 0, after: DIED } });
  const later = report('E02.direct', { kmsg: WARNING, taint: { before: DIED, after: DIED } });

  test('what goes wrong after it waits for another guest, whose word counts', () => {
    const { made, verdicts, pending } = ledger();
    made.report(oops);
    made.report(later);
    made.endGuest('');
    expect([verdicts, pending()]).toEqual([['A01 fault'], ['E02']]);
    made.begin('E02.direct');
    made.report(report('E02.direct', {}));
    expect([verdicts, pending()]).toEqual([['A01 fault', 'E02 pass'], []]);
  });

  test('what passes after it has passed', () => {
    const { made, verdicts } = ledger();
    made.report(oops);
    made.report(report('E02.direct', { taint: { before: DIED, after: DIED } }));
    expect(verdicts).toEqual(['A01 fault', 'E02 pass']);
  });

  test('in the last guest that there is, its word is all there is', () => {
    const { made, verdicts } = ledger();
    made.lastGuest = true;
    made.report(oops);
    made.report(later);
    expect(verdicts).toEqual(['A01 fault', 'E02 fault']);
  });

  test('a cell that was postponed and then lost is no longer postponed', () => {
    const { made, verdicts } = ledger();
    made.report(oops);
    made.report(later);
    made.begin('E02.direct');
    made.endGuest('');
    expect(verdicts).toEqual(['A01 fault', 'E02 error']);
  });
});
