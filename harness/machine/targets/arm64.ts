import type { MachineData } from '../machine.ts';

export const ARM64_MACHINE: MachineData = Object.freeze({
  target: 'arm64',
  qemu: 'qemu-system-aarch64',
  // mte: tagged memory, which PROT_MTE asks for.
  machine: 'virt-7.2,gic-version=3,mte=on',
  // Pointer authentication with QEMU's own cheap hash: the architected one costs a third of the boot under emulation.
  cpu: { kvm: 'host', tcg: 'max,pauth-impdef=on' },
  memoryMiB: 512,
  cpus: 2,
  virtioBus: 'device',
  console: 'ttyAMA0',
  kernelArgs: [],
  // KVM: an estimate, on the safe side.
  referenceMs: { tcg: { boot: 4000, restore: 300 }, kvm: { boot: 2000, restore: 300 } },
  beside: { asan: { memoryMiB: 768 } },
});

export const ARM64_16K_MACHINE: MachineData = Object.freeze({ ...ARM64_MACHINE, target: 'arm64-16k' });

/** A page is the least that anything takes. */
export const ARM64_64K_MACHINE: MachineData = Object.freeze({
  ...ARM64_MACHINE,
  target: 'arm64-64k',
  memoryMiB: 1024,
});
