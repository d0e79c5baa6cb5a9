/**
 * What the kernel of a guest had for itself when its probes were done: all that is neither free, nor a program's, nor the
 * page cache, which holds the initramfs. The driver's allocations are in it, the kernel image is not.
 */

/** For the guest's shell, of builtins alone: says it on the console. */
export const SAY_KERNEL_MEMORY =
  'while read -r k v _; do case $k in MemTotal:) m=$v;; MemFree:|AnonPages:|Buffers:|Cached:) m=$((m - v));; esac; done < /proc/meminfo; echo "mmapvet: kernel memory $m KiB" > /dev/kmsg';

const SAID = /^(?:\[[ \d.]+\] )?mmapvet: kernel memory (\d{1,9}) KiB\r?$/gm;

/** @returns in KiB; null where a console does not say it: the guest was lost before */
export function kernelMemoryOf(console: string): number | null {
  const last = [...console.matchAll(SAID)].at(-1);
  return last === undefined ? null : Number(last[1]);
}
