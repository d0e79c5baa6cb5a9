/**
 * Decides whether KVM can be used. `/dev/kvm` may exist, open and create machines and still be useless (nested hosts
 * stop with an emulation failure, or hang early in boot), so a guest is tried for a moment, and the answer is
 * remembered for as long as the host runs.
 */
import { access, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Arch } from '../core/arch.ts';
import { messageOf } from '../core/errors.ts';
import { cacheFolder } from '../core/paths.ts';
import { readJson } from '../core/read-json.ts';
import { Guest } from './guest.ts';
import { BOOT } from './start.ts';
import { kvmCanServe, type Accel, type MachineData } from './machine.ts';

export interface AccelChoice {
  readonly accel: Accel;
  /** Why not KVM; empty with KVM. */
  readonly why: string;
}

const Remembered = z.object({ bootId: z.string(), accel: z.enum(['kvm', 'tcg']), why: z.string() });

/** A healthy guest under KVM is ready in one or two seconds. */
const TRIAL_MS = 20_000;

const memoryFile = (machine: MachineData): string => join(cacheFolder(), 'accel', `${machine.target}.json`);

/**
 * @param trial what to boot: the kernel and initrd of the run at hand
 * @param asked the user's `--accel`; `auto` tries
 */
export async function chooseAccel(
  asked: Accel | 'auto',
  arch: Arch,
  machine: MachineData,
  trial: { readonly kernel: string; readonly initrd: string },
  signal: AbortSignal,
): Promise<AccelChoice> {
  if (asked !== 'auto') return { accel: asked, why: asked === 'tcg' ? 'as asked' : '' };
  if (!kvmCanServe(arch)) return { accel: 'tcg', why: 'the guest is of another architecture' };
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return { accel: 'tcg', why: '/dev/kvm is missing or not accessible' };
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const known = await recall(machine, bootId);
  if (known !== null) return known;
  const choice = await tryKvm(machine, trial, signal);
  await remember(machine, { bootId, ...choice });
  return choice;
}

async function tryKvm(
  machine: MachineData,
  trial: { readonly kernel: string; readonly initrd: string },
  signal: AbortSignal,
): Promise<AccelChoice> {
  await mkdir(join(cacheFolder(), 'accel'), { recursive: true });
  try {
    const consoleFile = join(cacheFolder(), 'accel', `${machine.target}-trial.console`);
    await rm(consoleFile, { force: true });
    const request = { machine, accel: 'kvm', ...trial, consoleFile, kernelArgs: [], qemuArgs: [] } as const;
    await using guest = await Guest.start(request, BOOT, { signal, limitMs: TRIAL_MS });
    await guest.ready({ totalMs: TRIAL_MS, silenceMs: TRIAL_MS }, signal);
    return { accel: 'kvm', why: '' };
  } catch (error) {
    signal.throwIfAborted();
    return { accel: 'tcg', why: `kvm opens, but a trial guest failed: ${shorten(messageOf(error))}` };
  }
}

/** A cause in passing, not a report. */
const shorten = (text: string): string => text.replace(/\.$/, '').replace(/^(.{60}).+$/s, '$1 …');

async function recall(machine: MachineData, bootId: string): Promise<AccelChoice | null> {
  const parsed = Remembered.safeParse(await readJson(memoryFile(machine)));
  if (!parsed.success || parsed.data.bootId !== bootId) return null;
  return { accel: parsed.data.accel, why: parsed.data.why };
}

async function remember(machine: MachineData, what: z.infer<typeof Remembered>): Promise<void> {
  const file = memoryFile(machine);
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(what));
  await rename(temporary, file);
}
