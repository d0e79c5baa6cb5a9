import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { atMost, Countdown } from '../../../harness/core/countdown.ts';

const first = (countdown: Countdown, ms: number): Promise<string> =>
  Promise.race([countdown.over.then(() => 'over'), sleep(ms, 'not yet')]);

test('it is over in its time, and restarts', async () => {
  using countdown = new Countdown(100);
  expect(await first(countdown, 5000)).toBe('over');
  using restarted = new Countdown(300);
  const timer = setInterval(() => restarted.restart(300), 20);
  expect(await first(restarted, 900)).toBe('not yet');
  clearInterval(timer);
});

test('time in which the process did not run does not count', async () => {
  using countdown = new Countdown(1000);
  await sleep(50);
  // As SIGSTOP does: no timer fires meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  expect(await first(countdown, 10)).toBe('not yet');
});

test('what comes in time counts, also while the process did not run', async () => {
  expect(await atMost(new Promise(() => {}), 50, 'late')).toBe('late');
  const work = sleep(300, 'came');
  const answer = atMost(work, 1000, 'late');
  await sleep(50);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  expect(await answer).toBe('came');
});
