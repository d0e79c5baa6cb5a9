import { expect, test } from 'vitest';
import { parseAllow } from '../../../harness/contract/allow-file.ts';
import { cellsFor, findClauses } from '../../../harness/contract/catalogue.ts';
import type { EventBody } from '../../../harness/core/events.ts';
import { createKnownTrouble, type Scope } from '../../../harness/run/known.ts';

const entry = (what: string, expires: string): string =>
  `  - ${what}\n    reason: r\n    link: https://example.org\n    expires: ${expires}\n`;
const TEXT = `allow:\n${entry('clause: M05', '2027-01-01')}${entry("splat: 'in foo'", '2027-01-01')}${entry('clause: E02', '2026-01-01')}`;
const SCOPE: Scope = { checks: cellsFor(findClauses([])), whole: true, kernels: new Map([['x86_64', '7.2.13']]) };

async function concluded(
  scope: Partial<Scope>,
  use: (known: ReturnType<typeof createKnownTrouble>) => void = () => {},
) {
  const events: EventBody[] = [];
  const known = createKnownTrouble(await parseAllow(TEXT, 'allow.yaml'), '2026-06-01');
  use(known);
  known.conclude({ ...SCOPE, ...scope }, (event) => events.push(event));
  return events.map((event) =>
    event.kind === 'note' ? `${event.level} ${event.code} ${event.text.split(':')[1]}` : '',
  );
}

test('an expired entry hides nothing and is an error; unused ones are said', async () => {
  const known = createKnownTrouble(await parseAllow(TEXT, 'allow.yaml'), '2026-06-01');
  expect(known.entries.map((each) => each.at)).toEqual(['allow.yaml:2', 'allow.yaml:6']);
  expect(await concluded({})).toEqual(['warning ALLOW_UNUSED 2', 'warning ALLOW_UNUSED 6', 'error ALLOW_EXPIRED 10']);
});

test('its last day still counts', async () => {
  const on = async (day: string) => createKnownTrouble(await parseAllow(TEXT, 'allow.yaml'), day).entries.length;
  expect([await on('2026-01-01'), await on('2026-01-02')]).toEqual([3, 2]);
});

test('what was not asked for is not talked about', async () => {
  const checks = cellsFor(findClauses(['A*']));
  expect(await concluded({ checks, whole: false })).toEqual([]);
  expect(await concluded({ kernels: new Map() })).toEqual([]);
});

test('a splat outside of any cell that an entry explains is a note, and the entry was needed', async () => {
  const told: EventBody[] = [];
  const fault = (title: string): EventBody => ({
    kind: 'kernel-fault',
    target: 'x86_64',
    during: 'boot',
    fault: { class: 'warning', title, lines: [] },
  });
  const notes = await concluded({}, (known) => {
    const emit = known.filter(
      (event) => told.push(event),
      () => '7.2.13',
    );
    emit(fault('WARNING in foo'));
    emit(fault('WARNING in bar'));
  });
  expect(told).toMatchObject([{ kind: 'note', level: 'info', code: 'KNOWN_SPLAT' }, { kind: 'kernel-fault' }]);
  expect(notes).toEqual(['warning ALLOW_UNUSED 2', 'error ALLOW_EXPIRED 10']);
});
