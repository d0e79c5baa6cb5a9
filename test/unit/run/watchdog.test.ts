import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ConsoleLines } from '../../../harness/machine/console.ts';
import { Watchdog, type WatchdogLimits } from '../../../harness/run/watchdog.ts';

const NEVER = 600_000;
const watch = (limits: Partial<WatchdogLimits>, console = new ConsoleLines()): Watchdog =>
  new Watchdog(console, { cellMs: NEVER, otherMs: NEVER, silenceMs: NEVER, ...limits });

test('a cell without a result', async () => {
  using watchdog = watch({ cellMs: 50 });
  watchdog.begin('A01.direct');
  expect(await watchdog.late).toEqual({
    cell: 'A01.direct',
    text: 'no result 0 s after it began',
    unkillable: false,
  });
});

test('a cell that begins over and over gets no more time', async () => {
  using watchdog = watch({ cellMs: 200 });
  const timer = setInterval(() => watchdog.begin('A01.direct'), 10);
  expect((await watchdog.late).cell).toBe('A01.direct');
  clearInterval(timer);
});

test('no next cell after a result', async () => {
  using watchdog = watch({ otherMs: 50 });
  watchdog.begin('A01.direct');
  watchdog.result('A01.direct');
  expect(await watchdog.late).toMatchObject({ cell: null, text: 'nothing came of the probes for 0 s' });
  expect(watchdog.hasResult('A01.direct')).toBe(true);
});

test('silence, which a line on the console or a word over SSH breaks', async () => {
  const console = new ConsoleLines();
  using watchdog = watch({ silenceMs: 400 }, console);
  const words = [setInterval(() => console.push('x\n'), 100)];
  expect(await Promise.race([watchdog.late, sleep(1000, 'heard')])).toBe('heard');
  words.forEach(clearInterval);
  expect((await watchdog.late).text).toContain('said nothing');
});

test('probes that give up say so at once', async () => {
  using watchdog = watch({});
  watchdog.begin('A01.direct');
  watchdog.stuck("can't be killed");
  expect(await watchdog.late).toEqual({ cell: 'A01.direct', text: "can't be killed", unkillable: true });
});
