/** Lets the harness's own code, in the test's process, see a fake host. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { createScreen, type Screen } from '../../../harness/core/screen.ts';
import { findProgram } from '../../../harness/host/find.ts';
import type { FakeHost } from '../scripts/fake-host.ts';

/** Sets PATH and the user's folders; `vi.unstubAllEnvs()` afterwards. */
export async function enter(host: FakeHost): Promise<void> {
  const setpriv = await findProgram('setpriv');
  if (setpriv !== null) await symlink(setpriv, join(host.bin, 'setpriv'));
  vi.stubEnv('PATH', host.bin);
  vi.stubEnv('HOME', host.home);
  vi.stubEnv('XDG_CACHE_HOME', join(host.root, 'cache'));
}

export function recordingScreen(): { screen: Screen; out: () => string; err: () => string } {
  const streams = { out: '', err: '' };
  const into = (name: 'out' | 'err') => ({ write: (text: string) => ((streams[name] += text), true) });
  return { screen: createScreen(into('out'), into('err'), {}), out: () => streams.out, err: () => streams.err };
}
