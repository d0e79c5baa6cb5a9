/** The kernel's own tests in guests that are lost, with a fake QEMU. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { programsOn } from '../../../harness/contract/suites.ts';
import type { Cell, EventBody } from '../../../harness/core/events.ts';
import { Guests } from '../../../harness/run/guests.ts';
import { Pace } from '../../../harness/run/pace.ts';
import { planRun } from '../../../harness/run/plan.ts';
import { runInGuests } from '../../../harness/run/suite-guests.ts';
import { SuiteLedger } from '../../../harness/run/suite-ledger.ts';
import { FAKE_MACHINE } from '../fake-machine.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  vi.stubEnv('TMPDIR', folder);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('FAKE_ONCE', join(folder, 'once'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function run(kind: string) {
  vi.stubEnv('FAKE_GUEST', kind);
  const events: EventBody[] = [];
  const common = {
    target: 'x86_64',
    pace: new Pace(1),
    emit: (event: EventBody) => void events.push(event),
    signal: new AbortController().signal,
  };
  const guests = new Guests({
    ...common,
    guest: FAKE_MACHINE,
    contents: [],
    consoleFile: (guest) => join(folder, `console-${guest}.log`),
    silenceMs: 60_000,
  });
  const plan = planRun({ group: ['selftests-mm'], target: ['x86_64'] });
  const programs = programsOn(plan.programs, 'x86_64').slice(0, 2);
  for (const { name } of programs)
    // oxlint-disable-next-line no-await-in-loop -- two small files
    await writeFile(join(folder, name), '');
  const cells: Cell[] = [];
  const ledger = new SuiteLedger({
    ...common,
    profile: 'base',
    programs,
    config: null,
    kernelVersion: '7.3.0',
    allow: [],
    onVerdict: ({ cell }) => void cells.push(cell),
  });
  const hopeless = await runInGuests({
    build: { folder, absent: [] },
    guests,
    kind: 'booted',
    ledger,
    options: { ...common, plan, allow: [] },
  });
  const used = events.filter((event) => event.kind === 'guest').length;
  return { hopeless, used, cells: cells.map(({ outcome, ran }) => ({ outcome, ran })) };
}

test('a guest that can not be reached gets another one in its place', async () => {
  const { hopeless, used, cells } = await run('no-ssh-once');
  expect(hopeless).toBeNull();
  expect(used).toBe(2);
  // They did run, and a fake guest has nothing to say.
  expect(cells).toEqual(Array.from({ length: 2 }, () => expect.objectContaining({ ran: true })));
});

test('two of them are enough', async () => {
  const { hopeless, used, cells } = await run('no-ssh');
  expect(hopeless).toMatch(/SSH|connection/);
  expect(used).toBe(2);
  expect(cells).toEqual(Array.from({ length: 2 }, () => ({ outcome: 'error', ran: false })));
});
