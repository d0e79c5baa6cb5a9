import { expect, it } from 'vitest';
import { availableMemory } from '../../../harness/host/machine-facts.ts';

it('reads what is available, not what is free', () => {
  const meminfo = 'MemTotal:       24681404 kB\nMemFree:         1000 kB\nMemAvailable:   22696 kB\nBuffers: 1 kB\n';
  expect(availableMemory(meminfo)).toBe(22696 * 1024);
});

it('is null where the kernel does not say', () => {
  expect(availableMemory('MemTotal: 1 kB\n')).toBeNull();
});
