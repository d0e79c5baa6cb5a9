/**
 * A booted guest on disk, saved as it waits for its keys: no key, random seed or clock of a run is in it. One is made for
 * each (build, image, machine, QEMU) and read by every later guest of that key, in parallel too.
 */
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isDiskError } from '../core/disk.ts';
import { MmapvetError } from '../core/errors.ts';
import { findProgram } from '../host/find.ts';
import { findEntry, keyOf, makeEntry } from '../kernel/cache.ts';
import { BOOT_TRIES, isHostTrouble, type OnLost } from './boot.ts';
import { Guest, type BootLimits } from './guest.ts';
import type { GuestRequest } from './start.ts';

/** The kind of entry in the store. */
export const SNAPSHOTS = 'snapshots';

/** Raised when an older snapshot must not be restored any more. */
const RECIPE = 2;

export interface Snapshot {
  readonly ram: string;
  readonly state: string;
  /** The console of the boot that was saved. */
  readonly bootLines: readonly string[];
}

export type SnapshotResult =
  /** `bootMs`: what the boot took; null for one that was saved before. */
  | { readonly kind: 'saved'; readonly snapshot: Snapshot; readonly bootMs: number | null }
  /** The kernel did not come up: whose fault that is, the console tells. */
  | { readonly kind: 'no-boot'; readonly error: MmapvetError; readonly lines: readonly string[] }
  /** It came up, but could not be saved: guests have to be booted. */
  | { readonly kind: 'not-saved'; readonly error: MmapvetError };

type Failure = Exclude<SnapshotResult, { readonly kind: 'saved' }>;

interface Saved {
  readonly kind: 'saved';
  readonly lines: readonly string[];
  readonly bootMs: number;
}

/** Sizes, and when QEMU last wrote the memory: a file that somebody touched since is not restored. */
const Record = z.object({ ramBytes: z.number(), ramChangedMs: z.number(), stateBytes: z.number() });

const filesOf = (folder: string) => ({
  ram: join(folder, 'ram'),
  state: join(folder, 'state'),
  console: join(folder, 'console.log'),
  record: join(folder, 'snapshot.json'),
});

/**
 * All that decides whether a saved machine fits.
 * @param contents what kernel and initrd are made of: their keys
 */
export async function snapshotKey(
  request: Omit<GuestRequest, 'consoleFile'>,
  contents: readonly string[],
): Promise<string> {
  const { machine, accel, kernelArgs, qemuArgs } = request;
  const qemu = await findProgram(machine.qemu);
  const program = qemu === null ? null : await stat(qemu);
  // With KVM the guest sees the host's own processor.
  const host = accel === 'kvm' ? [release(), (await readFile('/proc/cpuinfo', 'utf8')).split('\n\n')[0] ?? ''] : [];
  return keyOf(
    `snapshot ${RECIPE}`,
    contents,
    JSON.stringify(machine),
    accel,
    kernelArgs,
    qemuArgs,
    `${qemu} ${program?.size} ${program?.mtimeMs}`,
    host,
  );
}

/** The saved guest of a key; one that is damaged is taken away. */
export async function findSnapshot(key: string): Promise<Snapshot | null> {
  const folder = findEntry(SNAPSHOTS, key);
  if (folder === null) return null;
  const files = filesOf(folder);
  try {
    const record = Record.parse(JSON.parse(await readFile(files.record, 'utf8')));
    const [ram, state] = await Promise.all([stat(files.ram), stat(files.state)]);
    if (ram.size === record.ramBytes && ram.mtimeMs === record.ramChangedMs && state.size === record.stateBytes)
      return await read(folder);
  } catch {
    // Unreadable is damaged.
  }
  await dropSnapshot(key);
  return null;
}

export async function dropSnapshot(key: string): Promise<void> {
  const folder = findEntry(SNAPSHOTS, key);
  if (folder !== null) await rm(folder, { recursive: true, force: true });
}

async function read(folder: string): Promise<Snapshot> {
  const { ram, state, console } = filesOf(folder);
  return { ram, state, bootLines: (await readFile(console, 'latin1')).split(/\r?\n/) };
}

/**
 * Finds a key's snapshot, or boots a guest and saves it.
 * @param request its `consoleFile` gets the console of that boot
 * @throws only what is neither the kernel's nor the disk's doing: QEMU_FAILED, the abort reason
 */
export async function takeSnapshot(
  key: string,
  request: GuestRequest,
  limits: BootLimits,
  signal: AbortSignal,
  onLost: OnLost = () => {},
): Promise<SnapshotResult> {
  const found = await findSnapshot(key);
  if (found !== null) return { kind: 'saved', snapshot: found, bootMs: null };
  let failure: Failure | null = null;
  let bootMs: number | null = null;
  try {
    const entry = await makeEntry(
      SNAPSHOTS,
      key,
      async (folder) => {
        const result = await bootAndSave(folder, request, limits, signal, onLost);
        if (result.kind === 'saved') ({ bootMs } = result);
        else {
          failure = result;
          throw result.error;
        }
      },
      { signal },
    );
    return { kind: 'saved', snapshot: await read(entry.folder), bootMs };
  } catch (error) {
    signal.throwIfAborted();
    if (failure !== null) return failure;
    // Guests can do without.
    if (isDiskError(error)) return { kind: 'not-saved', error };
    throw error;
  }
}

async function bootAndSave(
  folder: string,
  request: GuestRequest,
  limits: BootLimits,
  signal: AbortSignal,
  onLost: OnLost,
): Promise<Failure | Saved> {
  const files = filesOf(folder);
  let result = await bootOnce(folder, request, limits, signal);
  for (let tries = 1; result.kind === 'no-boot' && isHostTrouble(result.error) && tries < BOOT_TRIES; tries += 1) {
    onLost(result.error);
    result = await bootOnce(folder, request, limits, signal);
  }
  if (result.kind !== 'saved') return result;
  // QEMU is gone: nobody writes to the memory any more.
  const [ram, state] = await Promise.all([stat(files.ram), stat(files.state)]);
  await writeFile(files.console, result.lines.join('\n'), 'latin1');
  const record: z.infer<typeof Record> = { ramBytes: ram.size, ramChangedMs: ram.mtimeMs, stateBytes: state.size };
  await writeFile(files.record, JSON.stringify(record));
  return result;
}

async function bootOnce(
  folder: string,
  request: GuestRequest,
  limits: BootLimits,
  signal: AbortSignal,
): Promise<Failure | Saved> {
  const files = filesOf(folder);
  await Promise.all([createPrivate(files.ram, request.machine.memoryMiB * 2 ** 20), createPrivate(files.state, 0)]);
  const start = performance.now();
  const how = { kind: 'boot-to-save', ram: files.ram } as const;
  await using guest = await Guest.start(request, how, { signal, limitMs: limits.startMs }).catch((error: unknown) => {
    throw error instanceof MmapvetError && error.code === 'QEMU_NO_MEMORY' ? noSpace(dirname(folder), error) : error;
  });
  try {
    await guest.save(files.state, limits, signal);
    return { kind: 'saved', lines: guest.console.lines(), bootMs: performance.now() - start };
  } catch (error) {
    if (!(error instanceof MmapvetError)) throw error;
    if (error.code === 'GUEST_KILLED' && (await guest.exited).signal === 'SIGBUS')
      return { kind: 'not-saved', error: noSpace(dirname(folder), error) };
    const booted = error.code === 'MIGRATION_FAILED' || /^Q(?:MP|EMU)_/.test(error.code);
    return booted ? { kind: 'not-saved', error } : { kind: 'no-boot', error, lines: guest.console.lines() };
  }
}

/** A page of the memory's file that can't be had ends whoever touches it. */
const noSpace = (folder: string, cause: MmapvetError): MmapvetError =>
  new MmapvetError('NO_SPACE', `There is no space left on the disk of "${folder}" for a guest's memory.`, {
    hint: 'Free some space, or move the cache with XDG_CACHE_HOME.',
    cause,
  });

/** A guest's memory is nobody else's to read. */
async function createPrivate(file: string, bytes: number): Promise<void> {
  await using handle = await open(file, 'w', 0o600);
  await handle.truncate(bytes);
}
