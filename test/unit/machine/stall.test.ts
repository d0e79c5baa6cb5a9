import { spawn, type ChildProcess } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { ConsoleLines } from '../../../harness/machine/console.ts';
import { watchStall } from '../../../harness/machine/stall.ts';

const FAST = { tickMs: 20, gapMs: 2000 };
const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

function start(command: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(command, args);
  children.push(child);
  return child;
}
const sleeper = (): ChildProcess => start('sleep', '600');
/** As a guest that goes on. */
const worker = (): ChildProcess => start('sh', '-c', 'while :; do :; done');

const isOver = (stalled: Promise<unknown>): Promise<boolean> =>
  Promise.race([stalled.then(() => true), new Promise<boolean>((done) => setTimeout(() => done(false), 300))]);

/** Holds all timers, as SIGSTOP does. */
const standStill = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);

const LOCKUP = '[   31.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [mmapvet-probes:99]\n';

test('a QEMU that is stopped is found, as long as it is', async () => {
  const child = sleeper();
  const console = new ConsoleLines();
  using watch = watchStall({ pid: child.pid, console }, { ...FAST, gapMs: 60_000 });
  expect(await isOver(watch.stalled)).toBe(false);
  child.kill('SIGSTOP');
  expect(await watch.stalled).toEqual({ text: 'QEMU was stopped (SIGSTOP)', lines: 0 });
});

test.each([
  ['no QEMU to look at', () => undefined],
  ['a QEMU that used no time meanwhile', () => sleeper().pid],
])('we did not run ourselves, and %s: what was said before counts, what comes after does not', async (_, pidOf) => {
  const console = new ConsoleLines();
  using watch = watchStall({ pid: pidOf(), console }, FAST);
  console.push('one\n');
  await isOver(watch.stalled);
  standStill();
  console.push(LOCKUP);
  const { text, lines } = await watch.stalled;
  expect(text).toMatch(/^mmapvet stood still for [23] s, and its guests with it/);
  expect(lines).toBe(1);
});

test('we alone were away: the guest is not given up', async () => {
  const console = new ConsoleLines();
  using watch = watchStall({ pid: worker().pid, console }, FAST);
  await isOver(watch.stalled);
  standStill();
  console.push('[   31.000000] mmapvet: end A01.direct\n');
  expect(await isOver(watch.stalled)).toBe(false);
});

test.each([
  ['after', [] as string[], [LOCKUP]],
  ['before we looked', [LOCKUP], []],
])('a guest that seemed to go on, and says that it did not (%s): nothing of that counts', async (_, early, late) => {
  const console = new ConsoleLines();
  using watch = watchStall({ pid: worker().pid, console }, FAST);
  console.push('one\ntwo\n');
  await isOver(watch.stalled);
  standStill();
  early.forEach((line) => console.push(line));
  await isOver(watch.stalled);
  late.forEach((line) => console.push(line));
  expect(await watch.stalled).toMatchObject({ text: expect.stringMatching(/^mmapvet stood still/), lines: 2 });
});

test('a lockup of a guest that we watched all the time is its own', async () => {
  const console = new ConsoleLines();
  using watch = watchStall({ pid: worker().pid, console }, FAST);
  console.push(LOCKUP);
  expect(await isOver(watch.stalled)).toBe(false);
});

test('a QEMU that is gone is no QEMU that is stopped', async () => {
  const child = sleeper();
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
  using watch = watchStall({ pid: child.pid, console: new ConsoleLines() }, { ...FAST, gapMs: 60_000 });
  expect(await isOver(watch.stalled)).toBe(false);
});
