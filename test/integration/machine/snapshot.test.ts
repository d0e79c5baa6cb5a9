import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { entryFolder } from '../../../harness/kernel/cache.ts';
import { Guest, type BootLimits } from '../../../harness/machine/guest.ts';
import type { GuestRequest } from '../../../harness/machine/start.ts';
import { findSnapshot, snapshotKey, SNAPSHOTS, takeSnapshot } from '../../../harness/machine/snapshot.ts';
import { SshConnection } from '../../../harness/ssh/connection.ts';
import { FAKE_MACHINE } from '../fake-machine.ts';

const NEVER = new AbortController().signal;
const within = (ms: number): BootLimits => ({ totalMs: ms, silenceMs: 60_000 });
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  vi.stubEnv('TMPDIR', folder);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

function requestFor(guest: string): GuestRequest {
  vi.stubEnv('FAKE_GUEST', guest);
  return { ...FAKE_MACHINE, consoleFile: join(folder, 'console.log') };
}
const entry = (): string => entryFolder(SNAPSHOTS, 'key');
const take = (guest: string) => takeSnapshot('key', requestFor(guest), within(5000), NEVER);

async function taken(guest = 'good') {
  const result = await take(guest);
  if (result.kind !== 'saved') throw new Error(`expected a snapshot, got ${result.kind}`);
  return result;
}

describe('a snapshot is made once', () => {
  test('its files are for nobody else to read, and the boot console is kept', async () => {
    const { snapshot, bootMs } = await taken();
    expect(bootMs).toBeGreaterThan(0);
    for (const name of ['ram', 'state']) expect((await stat(join(entry(), name))).mode & 0o777).toBe(0o600);
    expect(snapshot.bootLines.join('\n')).toContain('Linux version fake');
    expect((await taken()).bootMs).toBeNull();
  });

  test('restored guests have keys and ports of their own, and nothing is left of them', async () => {
    const { snapshot } = await taken();
    const how = { kind: 'restore', ram: snapshot.ram, state: snapshot.state } as const;
    const guests = await Promise.all([1, 2].map(() => Guest.start(requestFor('good'), how)));
    for (const guest of guests) {
      await guest.ready(within(5000), NEVER);
      await using connection = await SshConnection.connect(guest.takeSsh(), NEVER);
      expect((await connection.exec({ command: 'true', timeoutMs: 5000 })).end).toEqual({ kind: 'exit', code: 0 });
    }
    const [one, two] = guests;
    expect(one?.sshPort).not.toBe(two?.sshPort);
    expect(one?.keys.clientPrivate).not.toBe(two?.keys.clientPrivate);
    expect(one?.keys.hostPrivate).not.toEqual(two?.keys.hostPrivate);
    await Promise.all(guests.map((guest) => guest[Symbol.asyncDispose]()));
    expect((await readdir(folder)).toSorted()).toEqual(['cache', 'console.log']);
  });
});

describe('a snapshot that is damaged is taken away', () => {
  test.each<[string, (folder: string) => Promise<unknown>]>([
    ['memory cut short', (at) => truncate(join(at, 'ram'), 1000)],
    ['memory written to', (at) => utimes(join(at, 'ram'), 1, 1)],
    ['state cut short', (at) => truncate(join(at, 'state'), 1)],
    ['no record', (at) => rm(join(at, 'snapshot.json'))],
    ['a record that is no JSON', (at) => writeFile(join(at, 'snapshot.json'), '{')],
  ])('%s', async (_, damage) => {
    await taken();
    await damage(entry());
    expect(await findSnapshot('key')).toBeNull();
    expect((await taken()).bootMs).toBeGreaterThan(0);
  });
});

describe('trouble of this host', () => {
  test.each(['wrong-clock-once', 'killed-early-once', 'killed-booting-once', 'ended-early-once', 'ended-booting-once'])(
    'is no end: another guest is booted and saved (%s)',
    async (guest) => {
      vi.stubEnv('FAKE_ONCE', join(folder, 'once'));
      vi.stubEnv('FAKE_PIDS', join(folder, 'pids'));
      await taken(guest);
      expect((await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n')).toHaveLength(2);
    },
  );

  test('each time: no snapshot', async () => {
    const result = await take('wrong-clock');
    expect(result).toMatchObject({ kind: 'no-boot', error: { code: 'GUEST_CLOCK' } });
    expect(await findSnapshot('key')).toBeNull();
  });
});

describe('no snapshot', () => {
  test('a kernel that does not boot: its console is at hand, nothing is stored', async () => {
    const result = await take('dies');
    expect(result).toMatchObject({ kind: 'no-boot', error: { code: 'GUEST_DIED' } });
    expect(result.kind === 'no-boot' && result.lines.join('\n')).toContain('Kernel panic');
    expect(await findSnapshot('key')).toBeNull();
  });

  test.each(['no-space', 'no-space-early'])('no memory for a saved guest (%s): guests are booted', async (guest) => {
    expect(await take(guest)).toMatchObject({ kind: 'not-saved', error: { code: 'NO_SPACE' } });
    expect(await readdir(join(entry(), '..'))).toEqual([]);
  });

  test('a QEMU that can not save: guests have to be booted', async () => {
    expect(await take('unsaveable')).toMatchObject({ kind: 'not-saved' });
    expect(await readdir(join(entry(), '..'))).toEqual([]);
  });

  test('a state that QEMU does not take is an error, and QEMU is gone', async () => {
    const { snapshot } = await taken();
    const how = { kind: 'restore', ram: snapshot.ram, state: snapshot.state } as const;
    await expect(Guest.start(requestFor('unrestorable'), how)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect((await readdir(folder)).toSorted()).toEqual(['cache', 'console.log']);
  });
});

describe('the key', () => {
  test('changes with all that decides whether a saved machine fits, and with nothing else', async () => {
    const request = requestFor('good');
    const base = await snapshotKey(request, ['build', 'image']);
    expect(await snapshotKey({ ...request }, ['build', 'image'])).toBe(base);
    const others = [
      snapshotKey(request, ['build', 'other']),
      snapshotKey({ ...request, kernelArgs: ['x'] }, ['build', 'image']),
      snapshotKey({ ...request, qemuArgs: ['-x'] }, ['build', 'image']),
      snapshotKey({ ...request, accel: 'kvm' }, ['build', 'image']),
      snapshotKey({ ...request, machine: { ...request.machine, memoryMiB: 1024 } }, ['build', 'image']),
    ];
    expect(new Set([base, ...(await Promise.all(others))]).size).toBe(6);
  });

  test('changes with the QEMU program', async () => {
    const bin = join(folder, 'bin-qemu');
    vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
    const request = { ...requestFor('good'), machine: { ...FAKE_MACHINE.machine, qemu: 'bin-qemu' } };
    await writeFile(bin, await readFile('/bin/true'));
    await chmod(bin, 0o755);
    const before = await snapshotKey(request, []);
    await writeFile(bin, 'another program');
    expect(await snapshotKey(request, [])).not.toBe(before);
  });
});
