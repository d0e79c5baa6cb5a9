import { describe, expect, test } from 'vitest';
import { ConsoleLines } from '../../../harness/machine/console.ts';
import { endOf, watchGuest, type Endable } from '../../../harness/machine/ending.ts';
import type { QmpEvent } from '../../../harness/machine/qmp.ts';

const shutdown = (reason: string): QmpEvent => ({ event: 'SHUTDOWN', data: { guest: true, reason } });
const exit = (exitCode: number | undefined, signal?: string, stderr = '') =>
  Promise.resolve({ exitCode, signal, stderr });

describe('the end of a guest whose QEMU is gone', () => {
  test.each([
    ['a reset', exit(0), [shutdown('guest-reset')], 'the guest reset itself', 'guest'],
    ['a power-off', exit(0), [shutdown('guest-shutdown')], 'the guest powered itself off', 'guest'],
    ['a quit over QMP', exit(0), [shutdown('host-qmp-quit')], 'QEMU ended with code 0 (host-qmp-quit)', 'host'],
    ['no word at all', exit(0), [], 'QEMU ended with code 0', 'host'],
    ['a kill', exit(undefined, 'SIGKILL'), [], 'QEMU ended by SIGKILL', 'host'],
    ['a kill while it reset', exit(undefined, 'SIGKILL'), [shutdown('guest-reset')], 'QEMU ended by SIGKILL', 'host'],
    [
      'a crash',
      exit(undefined, 'SIGABRT', 'x\nassert \u001b[2Jfailed\n'),
      [],
      'QEMU ended by SIGABRT: assert failed',
      'host',
    ],
  ])('%s', async (_, exited, events, text, by) => {
    const end = await endOf({ exited, events });
    expect(end.text).toContain(text);
    expect(end.by).toBe(by);
  });
});

function fakeGuest(status: unknown): Endable & { say: (event: QmpEvent) => void } {
  const listeners = new Set<(event: QmpEvent) => void>();
  return {
    console: new ConsoleLines(),
    pid: undefined,
    events: [],
    exited: new Promise(() => {}),
    onEvent: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    qmp: () => Promise.resolve({ status }),
    say: (event) => listeners.forEach((listener) => listener(event)),
  };
}

describe('a guest that is watched', () => {
  test('one that QEMU stopped: its state is in the words', async () => {
    const guest = fakeGuest('internal-error');
    using watch = watchGuest(guest);
    guest.say({ event: 'STOP', data: {} });
    expect(await watch.over).toEqual({ text: 'QEMU stopped the guest (internal-error)', by: 'host' });
  });

  test('one that panicked and stays gets a moment for its stack', async () => {
    const guest = fakeGuest('running');
    using watch = watchGuest(guest);
    const began = performance.now();
    guest.console.push('[    9.000000] Kernel panic - not syncing: sysrq triggered crash\n');
    expect(await watch.over).toEqual({ text: 'the kernel panicked', by: 'guest' });
    expect(performance.now() - began).toBeGreaterThan(500);
  });
});
