/** A guest for hands: built, booted, connected, the driver loaded. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '../core/arch.ts';
import { MmapvetError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { stateFolder } from '../core/paths.ts';
import type { Build } from '../kernel/build.ts';
import { bootGuest } from '../machine/boot.ts';
import type { Guest } from '../machine/guest.ts';
import { SshConnection } from '../ssh/connection.ts';
import type { BuildPlan } from './plan.ts';
import { prepareKernel, prepareTarget, readInputs } from './prepare.ts';
import { Pace, SILENCE_MS } from './pace.ts';
import { LOAD_DRIVER } from './session-command.ts';

export interface OpenGuest extends AsyncDisposable {
  readonly guest: Guest;
  readonly connection: SshConnection;
  readonly build: Build;
}

export interface OpenOptions {
  /** With QEMU's gdb stub, and a connection that outlives a stopped guest. */
  readonly gdb?: boolean;
}

/** @throws MmapvetError of every step; NO_HOOK where there is no driver to load, DRIVER_LOAD */
export async function openGuest(
  plan: BuildPlan,
  target: Target,
  emit: Emit,
  signal: AbortSignal,
  { gdb = false }: OpenOptions = {},
): Promise<OpenGuest> {
  const inputs = await readInputs(plan, signal);
  await using cleanup = new AsyncDisposableStack();
  const folder = join(stateFolder(), 'shell', String(process.pid));
  // An earlier process of that number may have left its console.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const prepared = await (async () => {
    // The source is free for others as soon as the build is done.
    await using kernel = await prepareKernel(plan, inputs, { emit, signal, logFolder: folder });
    return await prepareTarget(kernel, target);
  })();
  if (prepared.kind === 'no-hook')
    throw new MmapvetError('NO_HOOK', `Linux ${prepared.kernelVersion} lacks the hook: there is no driver to load.`, {
      hint: 'Give a kernel 7.1 or later with --kernel.',
    });
  const { machine, accel } = prepared.guest;
  const pace = new Pace();
  const limits = pace.bootLimits(machine.referenceMs[accel].boot, SILENCE_MS);
  const request = { ...prepared.guest, consoleFile: join(folder, 'console.log'), gdb };
  const guest = cleanup.use(await bootGuest(request, limits, signal));
  await guest.whenReady;
  const connection = cleanup.use(await SshConnection.connect(guest.takeSsh(), signal, { patient: gdb }));
  const loaded = await connection.exec({ command: LOAD_DRIVER, timeoutMs: pace.stretch(30_000), signal });
  if (loaded.end.kind !== 'exit' || loaded.end.code !== 0)
    throw new MmapvetError('DRIVER_LOAD', `The driver did not load: ${loaded.stderr.trim()}`, {
      hint: 'Read the end of the console.',
      details: guest.console.lines().slice(-10),
    });
  const stack = cleanup.move();
  return { guest, connection, build: prepared.build, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
