/**
 * What a machine is, as data: `targets/` holds one frozen value a target, and nothing else knows QEMU's differences
 * between architectures.
 */
import type { Arch, Profile } from '../core/arch.ts';
import { ARM64_16K_MACHINE, ARM64_64K_MACHINE, ARM64_MACHINE } from './targets/arm64.ts';
import { X86_64_MACHINE } from './targets/x86_64.ts';
import { MmapvetError } from '../core/errors.ts';

export type Accel = 'kvm' | 'tcg';

export interface MachineData {
  readonly target: string;
  readonly qemu: string;
  /** Pinned versions: a QEMU upgrade must not change the guest's hardware. All exist from QEMU 7.2 on. */
  readonly machine: string;
  readonly cpu: Readonly<Record<Accel, string>>;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** The bus suffix of virtio devices: `virtio-net-pci`, `virtio-net-device`. */
  readonly virtioBus: 'pci' | 'device';
  readonly console: string;
  readonly kernelArgs: readonly string[];
  /** What differs for kernels with a fragment of kernel-config/, by its name. */
  readonly beside: Readonly<Record<string, Partial<MachineData>>>;
  /** From QEMU's start to the first moment for SSH, on an idle 2-core host (docs/evidence); what a slower host is measured by. */
  readonly referenceMs: Readonly<Record<Accel, { readonly boot: number; readonly restore: number }>>;
}

const MACHINES: readonly MachineData[] = [X86_64_MACHINE, ARM64_MACHINE, ARM64_16K_MACHINE, ARM64_64K_MACHINE];

/** @param profile whose kernels it boots; none for what all have in common */
export function machineFor(target: string, profile?: Pick<Profile, 'fragments'>): MachineData {
  const machine = MACHINES.find((candidate) => candidate.target === target);
  if (machine === undefined)
    throw new MmapvetError('MACHINE_UNKNOWN', `No machine is defined for the target "${target}".`);
  return Object.assign({}, machine, ...(profile?.fragments ?? []).map((name) => machine.beside[name])) as MachineData;
}

/** KVM runs guests of the host's own architecture only. */
export function kvmCanServe(arch: Arch, hostArch: NodeJS.Architecture = process.arch): boolean {
  return arch.nodeArch === hostArch;
}
