import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { spawn } from '../../../harness/core/exec.ts';

const PROGRAM = join(import.meta.dirname, '../../fixtures/programs/leashed.ts');

/** @returns the process id of the child's child, once the program has ended */
async function run(...args: readonly string[]): Promise<number> {
  const { stdout } = await spawn([process.execPath, PROGRAM, ...args], { reject: false });
  return Number(String(stdout).trim());
}

test("a harness that is killed takes its children's children along", async () => {
  const pid = await run();
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 30_000 });
});

test('one that ends in order leaves them alone', async () => {
  const pid = await run('release');
  await sleep(3000);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  process.kill(pid, 'SIGKILL');
});
