import { expect, test } from 'vitest';
import { mmapvet } from './mmapvet.ts';

/** Settings that live: the kernel changes them itself. The taint flag of a required warning stays by design. */
const LIVELY = [
  'fs/(?:dentry-state|file-nr|inode-nr|inode-state|aio-nr)',
  'kernel/(?:ns_last_pid|tainted|pty/nr|random/.*)',
  'kernel/(?:perf_event_max_sample_rate|perf_cpu_time_max_percent)',
  'kernel/keys/.*',
].map((name) => new RegExp(`^/proc/sys/${name} `));

/** One line a setting, limit, mount and user; sh has nothing better in the guest. */
const LOOK = [
  'find /proc/sys -type f | sort | while read f; do echo "$f $(cat "$f" 2>/dev/null | tr "\\n" " ")"; done',
  'cat /proc/self/limits /proc/mounts',
  'echo "user $(id -u) $(id -g)"',
  'echo "driver used $(cat /sys/module/mmapvet/refcnt)"',
].join('; ');

test('the whole suite leaves no setting, limit, user or mount changed, and warns as often as it is asked', async () => {
  const script = [
    `echo BEFORE; ${LOOK}`,
    'echo SUITE; /mmapvet/mmapvet-probes | grep -c "^ok"',
    `echo AFTER; ${LOOK}`,
    // WARN_ON_ONCE() comes once a boot where clear_warn_once does not re-arm it.
    'echo AGAIN; /mmapvet/mmapvet-probes L03 D13; /mmapvet/mmapvet-probes L03 D13',
  ].join('; ');
  const { stdout } = await mmapvet('shell', '--target', 'x86_64', '--', `${script}; true`);
  const part = (from: string, to: string): string => stdout.split(`${from}\n`)[1]?.split(`${to}\n`)[0] ?? '';
  const lines = (text: string): string[] =>
    text
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => !LIVELY.some((name) => name.test(line)));
  const before = lines(part('BEFORE', 'SUITE'));
  expect(before.length).toBeGreaterThan(100);
  expect(before).toContain('driver used 0');
  expect(Number(part('SUITE', 'AFTER'))).toBeGreaterThan(300);
  expect(lines(part('AFTER', 'AGAIN'))).toEqual(before);
  expect(stdout.split('AGAIN\n')[1]?.match(/^ok \d+ (?:L03|D13)\./gm)).toHaveLength(2 * (1 + 5));
});
