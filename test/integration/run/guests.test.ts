/** Where a target's guests come from when not all goes well, with a fake QEMU. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EventBody } from '../../../harness/core/events.ts';
import { findSnapshot, snapshotKey } from '../../../harness/machine/snapshot.ts';
import { Guests } from '../../../harness/run/guests.ts';
import { Pace } from '../../../harness/run/pace.ts';
import { FAKE_MACHINE } from '../fake-machine.ts';

let folder: string;
let events: EventBody[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  vi.stubEnv('TMPDIR', folder);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('FAKE_GUEST', 'good');
  vi.stubEnv('FAKE_ONCE', join(folder, 'once'));
  events = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Half a minute is a second. */
class Hurry extends Pace {
  override stretch(ms: number): number {
    return Math.ceil(ms / 30);
  }
  override bootLimits() {
    return { totalMs: 2000, silenceMs: 2000 };
  }
}

const guestsOf = (): Guests =>
  new Guests({
    target: 'x86_64',
    guest: FAKE_MACHINE,
    contents: ['contents'],
    consoleFile: (guest) => join(folder, `console-${guest}.log`),
    pace: new Hurry(1),
    silenceMs: 1000,
    emit: (event) => void events.push(event),
    signal: new AbortController().signal,
  });

const saved = async () => findSnapshot(await snapshotKey(FAKE_MACHINE, ['contents']));
const notes = () => events.flatMap((event) => (event.kind === 'note' ? [`${event.level} ${event.code}`] : []));
const origins = () => events.flatMap((event) => (event.kind === 'guest' ? [event.origin] : []));

/** Opens guests one after the other while each is of the kind that is named. */
async function open(guests: Guests, ...kinds: readonly string[]): Promise<void> {
  for (const kind of kinds) {
    vi.stubEnv('FAKE_GUEST', kind);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await using guest = await guests.open(guests.next(), 'any');
    // oxlint-disable-next-line no-await-in-loop
    await guest.whenReady;
  }
}

describe('a saved guest', () => {
  test('that can not be restored is taken away, and all are booted', async () => {
    const guests = guestsOf();
    expect(await guests.prepare()).toMatchObject({ error: null });
    await open(guests, 'good', 'unrestorable', 'good');
    expect(origins()).toEqual(['restored', 'booted', 'booted']);
    expect(notes()).toEqual(['warning SNAPSHOT_DROPPED']);
    expect(await saved()).toBeNull();
  });

  test('that is late once costs this one guest only', async () => {
    const guests = guestsOf();
    await guests.prepare();
    await open(guests, 'late-restore', 'good');
    expect(origins()).toEqual(['booted', 'restored']);
    expect(notes()).toEqual(['warning GUEST_LOST']);
    expect(await saved()).not.toBeNull();
  });

  test('that is late again is no good', async () => {
    const guests = guestsOf();
    await guests.prepare();
    await open(guests, 'late-restore', 'late-restore', 'good');
    expect(origins()).toEqual(['booted', 'booted', 'booted']);
    expect(notes()).toEqual(['warning GUEST_LOST', 'warning SNAPSHOT_DROPPED']);
    expect(await saved()).toBeNull();
  });

  test('whose QEMU is killed while it comes up is restored once more', async () => {
    const guests = guestsOf();
    await guests.prepare();
    await open(guests, 'killed-early-once');
    expect(origins()).toEqual(['restored']);
    expect(notes()).toEqual([]);
  });
});

describe('a guest that does not boot', () => {
  test('gets another try where the kernel has booted before', async () => {
    const guests = guestsOf();
    await guests.prepare();
    vi.stubEnv('FAKE_GUEST', 'late-once');
    await using guest = await guests.open(guests.next(), 'booted');
    await guest.whenReady;
    expect(notes()).toEqual(['warning GUEST_LOST']);
    const console = await readFile(join(folder, 'console-1.log'), 'utf8');
    expect(console.match(/Linux version fake/g)).toHaveLength(2);
    expect(console).toContain('[mmapvet: another guest begins here]');
  });

  test.each([
    ['panics, though it has booted before', true, 'dies'],
    ['has never booted', false, 'dies-quietly'],
  ])('gets none where the kernel %s', async (_, before, kind) => {
    const guests = guestsOf();
    if (before) await guests.prepare();
    vi.stubEnv('FAKE_GUEST', kind);
    await using guest = await guests.open(guests.next(), 'booted');
    await expect(guest.whenReady).rejects.toMatchObject({ code: 'GUEST_DIED' });
    expect(notes()).toEqual([]);
  });
});

test('a QEMU that is killed while it boots: another one is booted, and a warning says so', async () => {
  vi.stubEnv('FAKE_GUEST', 'killed-booting-once');
  const guests = guestsOf();
  expect(await guests.prepare()).toMatchObject({ error: null });
  expect(notes()).toEqual(['warning GUEST_LOST']);
  expect(await saved()).not.toBeNull();
});
