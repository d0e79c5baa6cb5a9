/**
 * A machine's state, all but its memory, out of QEMU and into another one: over a unix socket, so that the file is ours to
 * make, with our mode and no shell in between. The memory lies in a file that both share (argv.ts, GuestRam).
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Countdown } from '../core/countdown.ts';
import { MmapvetError } from '../core/errors.ts';
import type { Qmp } from './qmp.ts';
import { listenOnce } from './sockets.ts';

/** `x-ignore-shared` since QEMU 4.0: shared memory is left where it is. */
const CAPABILITIES = ['x-ignore-shared', 'events'].map((capability) => ({ capability, state: true }));

/** Writes the state of a stopped machine to `file`, which must exist already. @throws MmapvetError MIGRATION_FAILED, QMP_… */
export async function saveState(qmp: Qmp, file: string, socket: string): Promise<void> {
  await qmp.execute('migrate-set-capabilities', { capabilities: CAPABILITIES });
  const listening = await listenOnce(socket);
  try {
    const done = migrated(qmp);
    await qmp.execute('migrate', { uri: `unix:${socket}` });
    await Promise.all([
      listening.connected.then((stream) => pipeline(stream, createWriteStream(file, { flags: 'r+' }))),
      done,
    ]);
  } finally {
    listening.close();
  }
}

/** Brings a machine that was started with `-incoming defer` to the state in `file`. @throws as saveState */
export async function loadState(qmp: Qmp, file: string, socket: string): Promise<void> {
  await qmp.execute('migrate-set-capabilities', { capabilities: CAPABILITIES });
  const done = migrated(qmp);
  await qmp.execute('migrate-incoming', { uri: `unix:${socket}` });
  const state = await readFile(file);
  const stream = connect(socket);
  await once(stream, 'connect');
  // QEMU hangs up as soon as it has read enough: whether that was all is for it to say.
  stream.on('error', () => {});
  stream.end(state);
  await done.finally(() => stream.destroy());
}

/** Half a megabyte takes 30 ms; this is for a QEMU that got stuck. */
const STUCK_MS = 30_000;

/** Settles with the migration. A QEMU that ends closes its control socket, which `qmp.closed` tells. */
function migrated(qmp: Qmp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const unsubscribe = qmp.subscribe(({ event, data }) => {
    if (event !== 'MIGRATION') return;
    if (data['status'] === 'completed') resolve();
    if (data['status'] === 'failed' || data['status'] === 'cancelled')
      reject(new MmapvetError('MIGRATION_FAILED', `QEMU could not move the machine: ${data['status']}.`));
  });
  void qmp.closed.then(() => reject(new MmapvetError('MIGRATION_FAILED', 'QEMU ended while it moved the machine.')));
  const fail = (): void => reject(new MmapvetError('MIGRATION_FAILED', 'QEMU did not come to an end of it.'));
  const countdown = new Countdown(STUCK_MS);
  void countdown.over.then(fail);
  promise.catch(() => {});
  return promise.finally(() => {
    countdown[Symbol.dispose]();
    unsubscribe();
  });
}
