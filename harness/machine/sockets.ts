/** Unix sockets that our side listens on and one QEMU connects to, in a private folder that goes with the guest. */
import { createServer, type Server, type Socket } from 'node:net';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTime } from '../core/process.ts';

export interface Listening {
  readonly connected: Promise<Socket>;
  close(): void;
}

/** Waits for one connection on a unix socket. */
export async function listenOnce(path: string): Promise<Listening> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server: Server = createServer((socket) => {
    // An error ends the socket; whoever reads it sees the close.
    socket.on('error', () => {});
    resolve(socket);
    server.close();
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail).listen(path, done);
  });
  return { connected: promise, close: () => void server.close() };
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', fail).listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  await new Promise<void>((done) => {
    server.close(() => done());
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A folder that goes when it is disposed of; those of processes that were killed go now. */
export async function privateFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  await sweep();
  const path = await mkdtemp(join(tmpdir(), `mmapvet-${process.pid}-${await startTime(process.pid)}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const match = /^mmapvet-(\d+)-(\d+)-/.exec(name);
    if (match === null || (await startTime(Number(match[1]))) === match[2]) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}
