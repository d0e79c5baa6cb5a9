/** QEMU's command line: a pure function of the machine, the files and the ports of one guest. */
import { join } from 'node:path';
import type { Accel, MachineData } from './machine.ts';

/** The name that guest/rootfs/handover.c looks for. */
export const HANDOVER_PORT = 'mmapvet.handover';

/** The serial console's chardev, by which QMP knows it. */
export const CONSOLE_ID = 'console';

export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: string;
  /** A private folder with a short path (a unix socket's path holds 107 bytes): the sockets lie there. */
  readonly sockets: string;
  /** Where the guest's memory lies; null for memory of QEMU's own. */
  readonly ram: GuestRam | null;
}

/**
 * Memory in a file. A guest that is to be saved shares it with the file (QEMU's x-ignore-shared then leaves it out of the
 * saved state); a restored one sees the file's pages until it writes to them, and keeps its own changes to itself.
 */
export interface GuestRam {
  readonly file: string;
  readonly use: 'save' | 'restore';
}

export interface GuestSettings {
  readonly accel: Accel;
  /** Loopback port that is forwarded to the guest's port 22. */
  readonly sshPort: number;
  readonly kernelArgs: readonly string[];
  readonly qemuArgs: readonly string[];
  /** A debugger may attach. */
  readonly gdb: boolean;
}

/** Our side listens on all but the last, QEMU connects: no polling for a socket to appear. */
export const socketsOf = (folder: string) => ({
  qmp: join(folder, 'qmp'),
  console: join(folder, 'console'),
  handover: join(folder, 'handover'),
  /** This one is QEMU's: a debugger connects when it likes. */
  gdb: join(folder, 'gdb'),
});

/**
 * panic=-1 with -no-reboot ends QEMU on a panic; so an exit alone is never taken as success (boot-utils#65).
 * printk.devkmsg=on: the probes' begin and end lines must not be rate limited.
 */
const KERNEL_ARGS = ['panic=-1', 'printk.devkmsg=on', 'ignore_loglevel', 'log_buf_len=1M', 'rdinit=/init'];

export function kernelCommandLine(machine: MachineData, extra: readonly string[]): string {
  return [`console=${machine.console}`, ...KERNEL_ARGS, ...machine.kernelArgs, ...extra].join(' ');
}

/** QEMU's option values end at a comma; a doubled one stands for itself. */
const escape = (value: string): string => value.replaceAll(',', ',,');

export function qemuCommand(machine: MachineData, files: GuestFiles, settings: GuestSettings): [string, ...string[]] {
  const sockets = socketsOf(files.sockets);
  const socket = (id: string, path: string): string => `socket,id=${id},path=${escape(path)}`;
  const accel = settings.accel === 'tcg' ? 'tcg,thread=multi' : 'kvm';
  const memory = files.ram === null ? { machine: '', words: [] } : ramWords(files.ram, machine.memoryMiB);
  return [
    machine.qemu,
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    '-display',
    'none',
    '-machine',
    machine.machine + memory.machine,
    '-accel',
    accel,
    '-cpu',
    machine.cpu[settings.accel],
    '-smp',
    // One processor a socket: the MP table, which a kernel without ACPI goes by, lists only the first of each.
    `cpus=${machine.cpus},sockets=${machine.cpus},cores=1,threads=1`,
    '-m',
    String(machine.memoryMiB),
    '-kernel',
    files.kernel,
    '-initrd',
    files.initrd,
    '-append',
    // Symbols are found where the linker put them only if the kernel does not move itself.
    kernelCommandLine(machine, [...(settings.gdb ? ['nokaslr'] : []), ...settings.kernelArgs]),
    // Stopped until all sockets are connected: nothing that the guest says is lost.
    '-S',
    '-chardev',
    socket('qmp', sockets.qmp),
    '-mon',
    'chardev=qmp,mode=control',
    '-chardev',
    // No logfile=: QEMU's has no cap.
    socket(CONSOLE_ID, sockets.console),
    '-serial',
    `chardev:${CONSOLE_ID}`,
    '-chardev',
    socket('handover', sockets.handover),
    '-device',
    `virtio-serial-${machine.virtioBus}`,
    '-device',
    `virtserialport,chardev=handover,name=${HANDOVER_PORT}`,
    '-netdev',
    // restrict: the guest reaches nothing, only the forwarded port reaches it.
    `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${settings.sshPort}-:22`,
    '-device',
    // Nobody on this network has to be told that a restored guest is here.
    `virtio-net-${machine.virtioBus},netdev=net,guest_announce=off${machine.virtioBus === 'pci' ? ',romfile=' : ''}`,
    ...memory.words,
    ...(settings.gdb ? ['-gdb', `unix:${escape(sockets.gdb)},server=on,wait=off`] : []),
    ...settings.qemuArgs,
  ];
}

function ramWords({ file, use }: GuestRam, memoryMiB: number): { machine: string; words: readonly string[] } {
  const share = use === 'save' ? 'on' : 'off';
  return {
    machine: ',memory-backend=ram',
    words: [
      '-object',
      `memory-backend-file,id=ram,size=${memoryMiB}M,mem-path=${escape(file)},share=${share}`,
      ...(use === 'restore' ? ['-incoming', 'defer'] : []),
    ],
  };
}
