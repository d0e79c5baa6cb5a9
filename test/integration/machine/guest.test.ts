import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MmapvetError } from '../../../harness/core/errors.ts';
import { bootGuest } from '../../../harness/machine/boot.ts';
import { Guest, type BootLimits } from '../../../harness/machine/guest.ts';
import { BOOT, type GuestRequest } from '../../../harness/machine/start.ts';
import { FAKE_MACHINE } from '../fake-machine.ts';

const NEVER = new AbortController().signal;
const within = (ms: number): BootLimits => ({ totalMs: ms, silenceMs: 60_000 });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const start = (guest: string): Promise<Guest> => Guest.start(requestFor(guest));

function requestFor(guest: string): GuestRequest {
  vi.stubEnv('FAKE_GUEST', guest);
  return { ...FAKE_MACHINE, consoleFile: join(folder, 'console.log') };
}

const alive = (pid: number | undefined): boolean => {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function failure(promise: Promise<unknown>): Promise<MmapvetError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof MmapvetError) return error;
  throw new Error(`expected a MmapvetError, got ${String(error)}`);
}

test('a guest that behaves: ready after the hand-over, gone with its sockets at the end', async () => {
  const guest = await start('good');
  await guest.ready(within(5000), NEVER);
  expect(guest.console.lines()).toContain('[    1.000000] Linux version fake');
  await guest[Symbol.asyncDispose]();
  expect(alive(guest.pid)).toBe(false);
  expect(await readdir(folder)).toEqual(['console.log']);
});

test('QEMU that does not start: its own words, nothing left behind', async () => {
  const error = await failure(start('no-start'));
  expect(error).toMatchObject({ code: 'QEMU_FAILED', blame: 'trouble' });
  expect(error.message).toContain('unsupported machine type');
  expect(await readdir(folder)).toEqual([]);
});

test('a port that is taken in between is tried again with another', async () => {
  vi.stubEnv('FAKE_ONCE', join(folder, 'once'));
  vi.stubEnv('FAKE_ARGV', join(folder, 'argv'));
  await using guest = await start('port-taken-once');
  await guest.ready(within(5000), NEVER);
  const tries = (await readFile(join(folder, 'argv'), 'utf8')).trim().split('\n');
  expect(tries).toHaveLength(2);
  expect(tries[0]).not.toBe(tries[1]);
});

test('a guest that dies while booting: told at once, with the end of its console', async () => {
  await using guest = await start('dies');
  const error = await failure(guest.ready(within(60_000), NEVER));
  expect(error.code).toBe('GUEST_DIED');
  expect(error.details.join('\n')).toContain('Kernel panic');
});

test('a guest that says nothing: its time runs out', async () => {
  await using guest = await start('silent');
  expect((await failure(guest.ready(within(200), NEVER))).code).toBe('GUEST_NOT_READY');
});

test("a guest that can't set itself up is not called ready", async () => {
  await using guest = await start('complains');
  const error = await failure(guest.ready(within(5000), NEVER));
  expect(error.code).toBe('GUEST_SETUP');
  expect(error.message).toContain('No space left on device');
});

test('a guest that starts and then says nothing: its silence runs out before its time does', async () => {
  await using guest = await start('silent');
  const error = await failure(guest.ready({ totalMs: 60_000, silenceMs: 300 }, NEVER));
  expect(error.code).toBe('GUEST_SILENT');
});

test('a guest whose clock runs eight times too fast is not used', async () => {
  await using guest = await start('wrong-clock');
  const error = await failure(guest.ready(within(5000), NEVER));
  expect(error.code).toBe('GUEST_CLOCK');
  expect(error.message).toMatch(/runs [78]\.\d+ times as fast/);
});

test.each(['wrong-clock-once', 'killed-early-once', 'killed-booting-once', 'ended-early-once', 'ended-booting-once'])(
  'where it was not the guest that came to grief, another boot is tried: %s',
  async (guestName) => {
    vi.stubEnv('FAKE_ONCE', join(folder, 'once'));
    vi.stubEnv('FAKE_PIDS', join(folder, 'pids'));
    await using guest = await bootGuest(requestFor(guestName), within(5000), NEVER);
    await guest.whenReady;
    expect((await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n')).toHaveLength(2);
  },
);

test('process 1 answers past SSH; a guest that says nothing does not', async () => {
  await using good = await start('good');
  await good.ready(within(5000), NEVER);
  expect(await good.answers(5000)).toBe(true);
  await using silent = await start('silent');
  expect(await silent.answers(100)).toBe(false);
});

test('QEMU that ignores "quit" and SIGTERM is killed all the same', async () => {
  const guest = await start('deaf');
  await guest[Symbol.asyncDispose]();
  expect(alive(guest.pid)).toBe(false);
});

test.each(['mute', 'mute-control'])('QEMU that says nothing (%s): an error of ours, and it is gone', async (guest) => {
  vi.stubEnv('FAKE_PIDS', join(folder, 'pids'));
  const request = requestFor(guest);
  // It must have started once: what was never there is easily gone.
  const began = (): Promise<void> =>
    vi.waitFor(() => readFile(join(folder, 'pids')), { timeout: 30_000 }).then(() => {});
  const late = await failure(Guest.start(request, BOOT, { limitMs: 3000 }));
  expect(late).toMatchObject({ code: 'QEMU_HANGS', blame: 'trouble' });
  const stop = new AbortController();
  const waiting = Guest.start(request, BOOT, { signal: stop.signal });
  void began().then(() => stop.abort(new Error('Ctrl+C')));
  await expect(waiting).rejects.toThrow('Ctrl+C');
  const pids = (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n').map(Number);
  expect(pids.filter(alive)).toEqual([]);
  expect((await readdir(folder)).filter((name) => name !== 'pids')).toEqual([]);
});

test('an interrupt ends the wait with its own reason', async () => {
  await using guest = await start('silent');
  const controller = new AbortController();
  const waiting = guest.ready(within(60_000), controller.signal);
  controller.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
});

test('a refused QMP command is an error with QEMU’s words', async () => {
  await using guest = await start('good');
  expect((await failure(guest.qmp('refuse-me'))).message).toContain('no such command');
});
