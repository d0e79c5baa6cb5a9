/** A machine whose QEMU is a fake that plays the guest that FAKE_GUEST names. */
import { join } from 'node:path';
import { PROJECT } from '../../harness/core/paths.ts';
import { machineFor } from '../../harness/machine/machine.ts';
import type { GuestRequest } from '../../harness/machine/start.ts';

export const FAKE_MACHINE: Omit<GuestRequest, 'consoleFile'> = {
  machine: { ...machineFor('x86_64'), qemu: join(PROJECT, 'test/fixtures/programs/fake-qemu.mjs') },
  accel: 'tcg',
  kernel: '/k',
  initrd: '/i',
  kernelArgs: [],
  qemuArgs: [],
};
