/** The line that makes gdb use a guest's stub, with the symbols of the kernel and of the driver. All pure but for waiting. */
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteCommand } from '../core/exec.ts';
import type { Guest } from './guest.ts';

/** Reads every target's kernels, as the plain gdb of some distributions does too. */
export const GDB = 'gdb-multiarch';

/** Prints `NAME ADDRESS` for each section of the loaded driver. */
export const SECTIONS_COMMAND =
  'cd /sys/module/mmapvet/sections && for name in .[a-z]*; do echo "$name $(cat "$name")"; done';

export interface Section {
  readonly name: string;
  /** `0xffffffffc0001000`. */
  readonly address: string;
}

/** Code and data that stay; what the module's loader frees (.init) has no address any more. */
const KEPT = /^\.(?:text|exit\.text|rodata|data|bss)(?:\.[\w.]+)?$/;

/** Reads what the guest says, which is not trusted: the result goes into a line for a shell. */
export function parseSections(text: string): Section[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', address = ''] = /^(\S{1,64}) (0x[\da-f]{1,16})\r?$/.exec(line) ?? [];
    // Zeros are what the kernel shows to those who may not know.
    return KEPT.test(name) && !/^0x0+$/.test(address) ? [{ name, address }] : [];
  });
}

export interface GdbTarget {
  readonly program: string;
  readonly vmlinux: string;
  readonly module: string;
  readonly sections: readonly Section[];
  readonly socket: string;
}

/** One line for a shell. Without the address of .text, which some kernels keep to themselves, the driver has no symbols. */
export function gdbLine({ program, vmlinux, module, sections, socket }: GdbTarget): string {
  const text = sections.find(({ name }) => name === '.text');
  const others = sections.filter((section) => section !== text).map(({ name, address }) => `-s ${name} ${address}`);
  const symbols = text === undefined ? [] : [`add-symbol-file ${module} ${[text.address, ...others].join(' ')}`];
  // It asks before it adds symbols, or drops them at the end.
  const orders = ['set confirm off', `target remote ${socket}`, ...symbols];
  return quoteCommand([program, '-q', ...orders.flatMap((order) => ['-ex', order]), vmlinux]);
}

const POLL_MS = 100;

/** Waits until a debugger has stopped the guest and let it go again. @returns false where the guest ended first */
export async function debuggerGoesOn(guest: Guest, signal: AbortSignal): Promise<boolean> {
  const gone = guest.exited.then(() => true);
  for (;;) {
    const names = guest.events.map(({ event }) => event);
    const stop = names.indexOf('STOP');
    if (stop >= 0 && names.includes('RESUME', stop)) return true;
    if (await Promise.race([gone, sleep(POLL_MS, false, { signal })])) return false;
  }
}
