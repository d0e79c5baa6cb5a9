import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../harness/core/exec.ts';
import { kernelMemoryOf, SAY_KERNEL_MEMORY } from '../../../harness/probe/kernel-memory.ts';

test('the last line that says it counts, with and without the time of printk', () => {
  expect(kernelMemoryOf('a\r\n[   34.822810] mmapvet: kernel memory 30000 KiB\r\nmmapvet: session end\r\n')).toBe(
    30000,
  );
  expect(kernelMemoryOf('mmapvet: kernel memory 1 KiB\nmmapvet: kernel memory 2 KiB\n')).toBe(2);
  expect(kernelMemoryOf('x mmapvet: kernel memory 1 KiB\nmmapvet: kernel memory -1 KiB\n')).toBeNull();
});

test('the shell counts what /proc/meminfo has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-memory-'));
  const [info, kmsg] = [join(folder, 'meminfo'), join(folder, 'kmsg')];
  const lines = ['MemTotal: 488196', 'MemFree: 449512', 'MemAvailable: 445700', 'Buffers: 2', 'Cached: 8616'];
  const more = ['SwapCached: 7', 'Active(anon): 3296', 'AnonPages: 500', 'Slab: 16612'];
  await writeFile(info, [...lines, ...more].map((line) => `${line} kB\n`).join(''));
  await run(['sh', '-c', SAY_KERNEL_MEMORY.replace('/proc/meminfo', info).replace('/dev/kmsg', kmsg)]);
  expect(kernelMemoryOf(await readFile(kmsg, 'utf8'))).toBe(488196 - 449512 - 2 - 8616 - 500);
  await rm(folder, { recursive: true });
});
