import { expect, test } from 'vitest';
import type { Cell } from '../../../harness/core/events.ts';
import { agreementLines, courseOf } from '../../../harness/report/lines/agreement.ts';
import { cellKey, createRunState, targetOf } from '../../../harness/report/run-state.ts';

const plain = (_: unknown, text: string): string => text;

function cell(target: string, more: Partial<Cell> = {}): Cell {
  const log = [`seq=1 type=prepare start=0x${target.length}000`, 'seq=2 type=mapped ret=-1'];
  const none = { driver: [], user: [] };
  const id = { clause: 'E02', path: 'direct', target, profile: 'base' };
  const rest = { durationMs: 1, repeats: [], evidence: null, faults: [], observers: none };
  return { ...id, outcome: 'pass', ran: true, reason: '', log, ...rest, ...more };
}

function lines(...cells: Cell[]): string[] {
  const state = createRunState();
  for (const each of cells) targetOf(state, each.target).cells.set(cellKey(each), each);
  return agreementLines(state, plain);
}

test('a course of events: types and results, no addresses', () => {
  expect(courseOf(['seq=1 type=prepare start=0x7f00', 'seq=2 type=mapped ret=-12'])).toBe('prepare mapped=-12');
});

test('targets that agree get one line; addresses are no difference', () => {
  expect(lines(cell('x86_64'), cell('arm64'))).toEqual(['  x86_64 and arm64 agree in 1 cell.']);
});

test('another verdict is a difference', () => {
  expect(lines(cell('x86_64'), cell('arm64', { outcome: 'changed' }))).toEqual([
    '  x86_64 and arm64 differ in 1 of 1 cell:',
    '    ≠ E02 direct  x86_64: pass   arm64: changed',
  ]);
});

test('so is another course of events behind the same verdict', () => {
  expect(lines(cell('x86_64'), cell('arm64', { log: ['type=prepare'] })).at(-1)).toBe(
    '    ≠ E02 direct  x86_64: prepare mapped=-1   arm64: prepare',
  );
});

test('courses that part late are told apart', () => {
  const log = Array.from({ length: 30 }, () => 'type=release');
  expect(lines(cell('x86_64', { log }), cell('arm64', { log: log.slice(1) })).at(-1)).toBe(
    '    ≠ E02 direct  x86_64: release ×30   arm64: release ×29',
  );
});

test('where tasks race, another order of the same events is none', () => {
  const log = ['type=mapped', 'type=prepare', 'type=mapped'];
  const reversed = { clause: 'J04', log: log.toReversed() };
  expect(lines(cell('x86_64', { clause: 'J04', log }), cell('arm64', reversed))).toHaveLength(1);
  expect(lines(cell('x86_64', { clause: 'J04', log }), cell('arm64', { ...reversed, log: log.slice(1) }))).toHaveLength(
    2,
  );
});

test('nothing to compare: one target, or a cell that ran on one only', () => {
  expect(lines(cell('x86_64'))).toEqual([]);
  expect(lines(cell('x86_64'), cell('arm64', { ran: false }))).toEqual([]);
});
