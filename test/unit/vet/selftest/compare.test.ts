import { describe, expect, test } from 'vitest';
import type { Cell, Event, EventBody, Fault } from '../../../../harness/core/events.ts';
import { differences, seenIn } from '../../../../harness/vet/selftest/compare.ts';
import type { Expected } from '../../../../harness/vet/selftest/scenario.ts';

const FAULT: Fault = { class: 'oops', title: 'NULL pointer dereference in f', lines: [], function: 'f' };
const cell = (clause: string, outcome: Cell['outcome'], reason = '', faults: Fault[] = []): EventBody => ({
  kind: 'cell',
  cell: {
    clause,
    path: 'direct',
    target: 'x86_64',
    profile: 'base',
    outcome,
    ran: true,
    reason,
    observers: { driver: [], user: [] },
    durationMs: 1,
    repeats: [],
    log: [],
    evidence: null,
    faults,
  },
});
const stream = (...bodies: readonly EventBody[]): Event[] =>
  bodies.map((body) => ({ ...body, at: '2026-01-01T00:00:00.000Z' }));
const seen = (exitCode: number, ...bodies: readonly EventBody[]) =>
  seenIn({ exitCode, events: stream(...bodies) }, 'A01.direct');

const OOPS: Expected = { outcome: 'fault', class: 'oops', function: 'f', blame: 'kernel' };
const NOTHING: Expected = { outcome: 'pass', class: null, blame: 'nobody' };
const LOST: Expected = { outcome: 'error', class: null, blame: 'us', says: /SIGKILL/ };

describe('a verdict that is right', () => {
  test('a fault of the cell', () => {
    const run = seen(1, cell('A01', 'fault', FAULT.title, [FAULT]), cell('E02', 'pass'));
    expect(differences(OOPS, run)).toEqual([]);
  });

  test('a fault outside of any cell', () => {
    const run = seen(1, cell('A01', 'pass'), { kind: 'kernel-fault', target: 'x86_64', during: 'boot', fault: FAULT });
    expect(differences({ ...OOPS, outcome: 'pass' }, run)).toEqual([]);
  });

  test('nothing at all', () => {
    expect(differences(NOTHING, seen(0, cell('A01', 'pass'), cell('E02', 'pass')))).toEqual([]);
  });

  test('words that only a note has', () => {
    const note: EventBody = { kind: 'note', target: null, level: 'error', text: 'A guest was lost: by SIGKILL.' };
    expect(differences(LOST, seen(2, cell('A01', 'error', 'gone'), note))).toEqual([]);
  });
});

describe('a verdict that is wrong: each difference is named', () => {
  test.each([
    [
      'an oops that passed',
      OOPS,
      seen(0, cell('A01', 'pass')),
      ['outcome: pass', 'class: none', 'blame: nobody', 'function: none'],
    ],
    [
      'an oops called a warning',
      OOPS,
      seen(1, cell('A01', 'fault', '', [{ ...FAULT, class: 'warning' }])),
      ['class: warning'],
    ],
    [
      'an oops in another function',
      OOPS,
      seen(1, cell('A01', 'fault', '', [{ ...FAULT, function: 'g' }])),
      ['function: g'],
    ],
    [
      'the kernel blamed for a kill',
      LOST,
      seen(1, cell('A01', 'fault', 'SIGKILL', [FAULT])),
      ['outcome: fault', 'class: oops', 'blame: kernel'],
    ],
    [
      'a fault seen where there is none',
      NOTHING,
      seen(1, cell('A01', 'pass'), { kind: 'kernel-fault', target: 'x86_64', during: 'boot', fault: FAULT }),
      ['class: oops', 'blame: kernel'],
    ],
    ['a cell without a verdict', NOTHING, seen(2), ['outcome: none', 'blame: us']],
    [
      'a cell beside it that broke',
      OOPS,
      seen(1, cell('A01', 'fault', '', [FAULT]), cell('E02', 'error', 'lost')),
      ['E02.direct: error: lost'],
    ],
    ['a note that says something else', LOST, seen(2, cell('A01', 'error', 'gone')), ['nothing says']],
  ] as const)('%s', (_, expected, run, words) => {
    const found = differences(expected, run);
    expect(found).toHaveLength(words.length);
    for (const [index, word] of words.entries()) expect(found[index]).toContain(word);
  });
});
