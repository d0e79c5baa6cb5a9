/**
 * One SSH connection a guest, its channels multiplexed over it. The host key is the one that we made for this guest:
 * anything else on the port is refused.
 */
import type { Socket } from 'node:net';
import { Client, type ClientChannel, type ConnectConfig } from 'ssh2';
import pRetry from 'p-retry';
import { Countdown } from '../core/countdown.ts';
import { MmapvetError } from '../core/errors.ts';

export interface SshTarget {
  readonly port: number;
  readonly privateKey: string;
  readonly hostPublic: Buffer;
  /** A connection to the port that was made ahead; another one is made where it breaks. */
  readonly socket?: Socket;
}

/** Cheap on an emulated CPU, and what dropbear has. Fewer offers also mean a shorter handshake. */
const ALGORITHMS: NonNullable<ConnectConfig['algorithms']> = {
  kex: ['curve25519-sha256'],
  serverHostKey: ['ssh-ed25519'],
  cipher: ['aes128-ctr', 'chacha20-poly1305@openssh.com'],
  hmac: ['hmac-sha2-256'],
  compress: ['none'],
};

export interface ExecRequest {
  readonly command: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly input?: string | Uint8Array;
  /** Bytes of each stream that are kept in the result; more is dropped, or given to `onStdout` all the same. */
  readonly keep?: number;
  readonly onStdout?: (text: string) => void;
  /** Settles with the reason when it is of no use to wait any longer: the command's end is then `lost`. */
  readonly until?: Promise<string>;
  /** For output that is no text: it goes here and nowhere else. */
  readonly onBytes?: (chunk: Buffer) => void;
}

/** How a remote command ended. `lost`: the connection broke; `timeout`: it was still running when its time was over. */
export type ExecEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'lost'; readonly why: string }
  | { readonly kind: 'timeout' };

export interface ExecResult {
  readonly end: ExecEnd;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ConnectOptions {
  /** The guest may stand still for as long as it likes: a debugger holds it. */
  readonly patient?: boolean;
}

/** A guest that does not answer so often in a row, at this distance, is lost. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVES = 6;

interface Levelled extends Error {
  readonly level?: string;
}

export class SshConnection implements AsyncDisposable {
  readonly #client: Client;
  #lost: string | null = null;

  private constructor(client: Client) {
    this.#client = client;
    client.on('error', (error) => (this.#lost ??= error.message));
    client.on('close', () => (this.#lost ??= 'the connection was closed'));
  }

  /**
   * Connects to a guest that said it is ready. Only a socket that was refused or dropped is tried again: a wrong key
   * never is.
   * @throws MmapvetError SSH_CONNECT, SSH_HOST_KEY
   */
  static async connect(
    target: SshTarget,
    signal: AbortSignal,
    { patient = false }: ConnectOptions = {},
  ): Promise<SshConnection> {
    const keepalive = patient ? 0 : KEEPALIVE_MS;
    let ahead = target.socket;
    const client = await pRetry(() => connectOnce(target, keepalive, ahead), {
      retries: 3,
      minTimeout: 100,
      signal,
      shouldRetry: ({ error }) => {
        const wasAhead = ahead !== undefined;
        ahead = undefined;
        if (error instanceof MmapvetError) return false;
        // A connection that was made ahead may have broken on its way, whatever ssh2 calls that.
        return wasAhead || ['client-socket', 'client-timeout'].includes((error as Levelled).level ?? '');
      },
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof MmapvetError) throw error;
      throw new MmapvetError('SSH_CONNECT', `The guest on 127.0.0.1:${target.port} can't be reached over SSH.`, {
        cause: error,
        hint: 'Read the end of its console.',
      });
    });
    return new SshConnection(client);
  }

  /** Runs a command to its end. Never rejects for what the guest does: see ExecEnd. */
  async exec(request: ExecRequest): Promise<ExecResult> {
    request.signal?.throwIfAborted();
    const keep = request.keep ?? 1024 * 1024;
    const kept = { stdout: '', stderr: '' };
    const { promise, resolve } = Promise.withResolvers<ExecEnd>();
    const lost = (): void => resolve({ kind: 'lost', why: this.#lost ?? 'the connection was closed' });
    const aborted = (): void => resolve({ kind: 'lost', why: 'the run was interrupted' });
    using countdown = new Countdown(request.timeoutMs);
    void countdown.over.then(() => resolve({ kind: 'timeout' }));
    let channel: ClientChannel | undefined;
    this.#client.once('close', lost);
    void request.until?.then((why) => resolve({ kind: 'lost', why }));
    request.signal?.addEventListener('abort', aborted, { once: true });
    try {
      // ssh2 throws at once on a connection that is gone.
      if (this.#lost !== null) return { end: { kind: 'lost', why: this.#lost }, ...kept };
      this.#client.exec(request.command, (error, stream) => {
        if (error !== undefined) {
          resolve({ kind: 'lost', why: error.message });
          return;
        }
        channel = stream;
        const take = (name: 'stdout' | 'stderr', chunk: string): void => {
          if (kept[name].length < keep) kept[name] += chunk.slice(0, keep - kept[name].length);
          if (name === 'stdout') request.onStdout?.(chunk);
        };
        const { onBytes } = request;
        if (onBytes === undefined) stream.setEncoding('utf8').on('data', (chunk: string) => take('stdout', chunk));
        else stream.on('data', (chunk: Buffer) => onBytes(chunk));
        stream.stderr.setEncoding('utf8').on('data', (chunk: string) => take('stderr', chunk));
        stream.on('close', (code: number | null | undefined, name?: string) => {
          if (typeof code === 'number') resolve({ kind: 'exit', code });
          else if (name !== undefined) resolve({ kind: 'signal', signal: name });
          else lost();
        });
        stream.end(request.input ?? '');
      });
      return { end: await promise, ...kept };
    } finally {
      this.#client.off('close', lost);
      request.signal?.removeEventListener('abort', aborted);
      channel?.close();
      request.signal?.throwIfAborted();
    }
  }

  /** A login shell on a terminal of the given size. @throws MmapvetError SSH_SHELL */
  shell(size: { readonly columns: number; readonly rows: number }, term: string): Promise<ClientChannel> {
    const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
    this.#client.shell({ cols: size.columns, rows: size.rows, term }, (error, channel) => {
      if (error === undefined) resolve(channel);
      else reject(new MmapvetError('SSH_SHELL', 'The guest gave no shell.', { cause: error }));
    });
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.end();
    this.#client.destroy();
    await Promise.resolve();
  }
}

function connectOnce(target: SshTarget, keepaliveInterval: number, socket: Socket | undefined): Promise<Client> {
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  const client = new Client();
  let refused = false;
  const fail = (error: Levelled): void => {
    client.destroy();
    reject(refused ? hostKeyError(target.port) : error);
  };
  client
    .once('ready', () => resolve(client))
    // A socket that breaks is told twice: as an error, and as a connection that was lost.
    .on('error', fail)
    // One that the other side ends in order is no error to ssh2.
    .once('close', () => fail(Object.assign(new Error('the guest closed the connection'), { level: 'client-socket' })))
    .connect({
      ...(socket?.writable === true ? { sock: socket } : { host: '127.0.0.1', port: target.port }),
      username: 'root',
      privateKey: target.privateKey,
      // Asked by default is "none" first: one round trip for a sure no.
      authHandler: ['publickey'],
      algorithms: ALGORITHMS,
      readyTimeout: 30_000,
      keepaliveInterval,
      keepaliveCountMax: KEEPALIVES,
      hostVerifier: (key: Buffer) => {
        refused = !key.equals(target.hostPublic);
        return !refused;
      },
    });
  return promise;
}

function hostKeyError(port: number): MmapvetError {
  return new MmapvetError('SSH_HOST_KEY', `What answers on 127.0.0.1:${port} is not our guest: its host key differs.`, {
    hint: 'Look for another program that listens on that port.',
  });
}
