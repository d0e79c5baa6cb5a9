import type { MachineData } from '../machine.ts';

export const X86_64_MACHINE: MachineData = Object.freeze({
  target: 'x86_64',
  qemu: 'qemu-system-x86_64',
  // No HPET and no i8042 probing: the lean kernel has no ACPI to find them with.
  machine: 'pc-q35-7.2,usb=off,vmport=off,hpet=off',
  cpu: { kvm: 'host', tcg: 'max' },
  memoryMiB: 512,
  cpus: 2,
  virtioBus: 'pci',
  console: 'ttyS0',
  // The local APIC timer is calibrated against the PIT, which a busy host delays: the TSC needs no watchdog.
  kernelArgs: ['tsc=reliable', 'no_timer_check'],
  beside: {
    asan: { memoryMiB: 768 },
    // The HPET is one of the devices whose driver has the hook.
    users: { machine: 'pc-q35-7.2,usb=off,vmport=off,hpet=on' },
  },
  // KVM: an estimate, on the safe side.
  referenceMs: { tcg: { boot: 4000, restore: 300 }, kvm: { boot: 2000, restore: 300 } },
});
