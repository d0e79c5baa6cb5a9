/**
 * Locks between processes, by flock(1): the kernel drops a dead holder's lock, so there is no such thing as a stale one.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { spawn } from './exec.ts';
import { MmapvetError } from './errors.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told once, with the holder's process id where known, when the lock is taken and we have to wait. */
  readonly onWait?: ((holder: string) => void) | undefined;
}

/** flock's exit code for "somebody else has it"; any number that flock and sh don't use. */
const TAKEN = 75;

/**
 * Takes the lock that the file `path` stands for, waiting as long as it takes. The file stays when the lock is dropped:
 * deleting it would let two processes lock two different files of one name.
 * @throws MmapvetError LOCK_FAILED; the abort reason when `signal` fires.
 */
export async function takeLock(path: string, options: LockOptions = {}): Promise<AsyncDisposable> {
  options.signal?.throwIfAborted();
  await mkdir(dirname(path), { recursive: true });
  const first = await tryLock(path, true, options);
  if (first !== null) return first;
  options.onWait?.((await readFile(path, 'utf8').catch(() => '')).trim());
  const second = await tryLock(path, false, options);
  if (second === null) throw new MmapvetError('LOCK_FAILED', `The lock "${path}" can't be taken.`);
  return second;
}

async function tryLock(path: string, nonBlocking: boolean, options: LockOptions): Promise<AsyncDisposable | null> {
  const how = nonBlocking ? ['--nonblock', '--conflict-exit-code', String(TAKEN)] : [];
  // The child that holds the lock ends when its stdin does: when we let go, or die in whatever way.
  const holder = spawn(['flock', '--no-fork', ...how, path, 'sh', '-c', 'echo held && exec cat >/dev/null'], {
    stdin: 'pipe',
    reject: false,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  // Not holder.iterable(): leaving its loop would wait for the child's end.
  const told = Promise.withResolvers<boolean>();
  holder.stdout?.once('data', () => told.resolve(true));
  const held = await Promise.race([told.promise, holder.then(() => false)]);
  if (held) {
    await writeFile(path, `${process.pid}\n`);
    return {
      async [Symbol.asyncDispose]() {
        holder.stdin?.end();
        await holder;
      },
    };
  }
  const result = await holder;
  options.signal?.throwIfAborted();
  if (result.exitCode === TAKEN) return null;
  throw new MmapvetError('LOCK_FAILED', `The lock "${path}" can't be taken.`, {
    hint: 'Check that the folder is writable and the disk not full.',
    details: String(result.stderr ?? '')
      .split('\n')
      .filter((line) => line !== ''),
  });
}
