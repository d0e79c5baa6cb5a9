import { spawn, type ChildProcess } from 'node:child_process';
import { afterEach, expect, test, vi } from 'vitest';
import { watchStall } from '../../../harness/machine/stall.ts';

const FAST = { tickMs: 20, gapMs: 2000 };
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

function sleeper(): ChildProcess {
  const child = spawn('sleep', ['600']);
  children.push(child);
  return child;
}

const isOver = (stalled: Promise<unknown>): Promise<boolean> =>
  Promise.race([stalled.then(() => true), new Promise<boolean>((done) => setTimeout(() => done(false), 300))]);

test('a QEMU that is stopped is found, as long as it is', async () => {
  const child = sleeper();
  using watch = watchStall(child.pid, undefined, { ...FAST, gapMs: 60_000 });
  expect(await isOver(watch.stalled)).toBe(false);
  child.kill('SIGSTOP');
  expect(await watch.stalled).toEqual({ text: 'QEMU was stopped (SIGSTOP)' });
});

test('we did not run ourselves: what was seen before is known, what comes after is not told', async () => {
  const ticks = vi.fn<() => void>();
  using watch = watchStall(undefined, ticks, FAST);
  await vi.waitFor(() => expect(ticks).toHaveBeenCalled());
  const seen = ticks.mock.calls.length;
  // Holds all timers, as SIGSTOP does.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
  expect((await watch.stalled).text).toMatch(/^mmapvet stood still for [23] s/);
  expect(ticks.mock.calls.length).toBe(seen);
});

test('a QEMU that is gone is no QEMU that is stopped', async () => {
  const child = sleeper();
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
  using watch = watchStall(child.pid, undefined, { ...FAST, gapMs: 60_000 });
  expect(await isOver(watch.stalled)).toBe(false);
});
