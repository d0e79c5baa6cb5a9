/** Guests that come from one file: what each of them must have of its own. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TARGETS } from '../../harness/core/arch.ts';
import { Guest } from '../../harness/machine/guest.ts';
import { dropSnapshot, takeSnapshot } from '../../harness/machine/snapshot.ts';
import { SshConnection } from '../../harness/ssh/connection.ts';
import { newestGuest } from '../../scripts/benchmarks/guests.ts';
import { runForResults } from './mmapvet.ts';

const NEVER = new AbortController().signal;
const TARGET = TARGETS[0]!;
const KEY = `e2e-${process.pid}`;

/** The sixteen random bytes that open a server's first packet (RFC 4253, 7.1): the sshd's own random numbers. */
async function cookieOf(socket: Socket): Promise<string> {
  let data = Buffer.alloc(0);
  socket.write('SSH-2.0-mmapvet\r\n');
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    data = Buffer.concat([data, chunk]);
    const packet = data.indexOf('\n') + 1;
    // Length, padding and the packet's number come first.
    if (packet > 0 && data.length >= packet + 22) return data.toString('hex', packet + 6, packet + 22);
  }
}

test('two restored guests share no random bytes, keys or ports', async () => {
  expect((await runForResults('--target', TARGET.name, '--clause', 'A01')).code).toBe(0);
  const folder = mkdtempSync(join(tmpdir(), 'mmapvet-restored-'));
  try {
    const request = { ...(await newestGuest(TARGET)), consoleFile: join(folder, 'console.log') };
    const saved = await takeSnapshot(KEY, request, { totalMs: 180_000, silenceMs: 180_000 }, NEVER);
    if (saved.kind !== 'saved') throw saved.error;
    const { ram, state } = saved.snapshot;
    const seen: string[][] = [];
    for (let index = 0; index < 2; index += 1) {
      await using guest = await Guest.start(request, { kind: 'restore', ram, state });
      await guest.ready({ totalMs: 60_000, silenceMs: 60_000 }, NEVER);
      const { socket } = guest.takeSsh();
      if (socket === undefined) throw new Error('the guest was not dialled');
      const cookie = await cookieOf(socket);
      await using connection = await SshConnection.connect(guest.takeSsh(), NEVER);
      const { stdout } = await connection.exec({
        command: 'dd if=/dev/urandom bs=16 count=1 2>/dev/null | base64; cat /proc/sys/kernel/random/uuid; date +%s',
        timeoutMs: 60_000,
      });
      const [bytes = '', uuid = '', clock = '0'] = stdout.split('\n');
      expect(Math.abs(Number(clock) - Date.now() / 1000)).toBeLessThan(60);
      seen.push([cookie, bytes, uuid, guest.keys.clientPrivate, guest.keys.hostPublic.toString('hex')]);
    }
    for (const [index, value] of (seen[0] ?? []).entries()) {
      expect(value.length).toBeGreaterThan(15);
      expect(seen[1]?.[index]).not.toBe(value);
    }
  } finally {
    await dropSnapshot(KEY);
    rmSync(folder, { recursive: true, force: true });
  }
});
