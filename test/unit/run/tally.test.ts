import { beforeEach, expect, test } from 'vitest';
import type { Cell, EventBody } from '../../../harness/core/events.ts';
import type { Outcome } from '../../../harness/core/outcome.ts';
import { NOTHING_FOUND } from '../../../harness/run/evidence.ts';
import { cellName, Tally } from '../../../harness/run/tally.ts';

const CELLS = new Map(['A01', 'A02'].map((clause) => [cellName(clause, 'direct'), clause]));
let events: EventBody[];
let slices: (readonly string[])[];
beforeEach(() => {
  events = [];
  slices = [];
});
const tallyOf = (repeats: number, confirm: boolean): Tally<string> =>
  new Tally({
    cells: CELLS,
    repeats,
    confirm,
    emit: (event) => events.push(event),
    keepEvidence: (_, { slice }) => {
      slices.push(slice);
      return null;
    },
  });
function run(tally: Tally<string>, clause: string, outcome: Outcome, ours = false): void {
  const cell: Cell = {
    clause,
    path: 'direct',
    target: 'x86_64',
    profile: 'base',
    outcome,
    ran: true,
    reason: '',
    observers: { driver: [], user: [] },
    durationMs: 1,
    repeats: [],
    log: [],
    evidence: null,
    faults: [],
  };
  tally.add({ ...NOTHING_FOUND, cell, slice: [`slice of ${outcome}`], ours });
}
const verdicts = (): string[] =>
  events.map((event) => (event.kind === 'cell' ? `${event.cell.clause} ${event.cell.outcome}` : event.kind));

test('a pass is told at once, a fail only after it was confirmed', () => {
  const tally = tallyOf(1, true);
  run(tally, 'A01', 'pass');
  run(tally, 'A02', 'fail');
  expect(verdicts()).toEqual(['A01 pass']);
  expect(tally.waiting).toEqual(['A02']);
  tally.confirm(2);
  run(tally, 'A02', 'pass');
  run(tally, 'A02', 'fail');
  expect(verdicts()).toEqual(['A01 pass', 'A02 flaky']);
});

test('without confirmation a fail is told at once', () => {
  const tally = tallyOf(1, false);
  run(tally, 'A02', 'fail');
  expect(verdicts()).toEqual(['A02 fail']);
  expect(slices).toEqual([['slice of fail']]);
});

test('a fault is its own proof, and trouble of a probe is no trouble of ours', () => {
  const tally = tallyOf(1, true);
  run(tally, 'A01', 'fault');
  run(tally, 'A02', 'error');
  expect(verdicts()).toEqual(['A01 fault', 'A02 error']);
});

test('trouble of ours gets another try', () => {
  const tally = tallyOf(1, true);
  run(tally, 'A01', 'error', true);
  expect(tally.waiting).toHaveLength(1);
  tally.confirm(1);
  run(tally, 'A01', 'pass');
  expect(verdicts()).toEqual(['A01 pass']);
});

test('repeats are told together', () => {
  const tally = tallyOf(3, false);
  for (const outcome of ['pass', 'fail', 'pass'] as const) run(tally, 'A01', outcome);
  expect(verdicts()).toEqual(['A01 flaky']);
});

test('what comes after the verdict changes nothing', () => {
  const tally = tallyOf(1, true);
  run(tally, 'A01', 'pass');
  run(tally, 'A01', 'fail');
  expect(verdicts()).toEqual(['A01 pass']);
});

test('an early end settles what has a run, and says what has none', () => {
  const tally = tallyOf(3, true);
  run(tally, 'A01', 'fail');
  expect(tally.close()).toEqual(['A02']);
  run(tally, 'A02', 'error');
  expect(verdicts()).toEqual(['A01 fail', 'A02 error']);
});
