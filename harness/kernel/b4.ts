/** `--patch b4:<message-id>`: the user's own b4, with the settings that it finds in git's configuration and the tree. */
import { MmapvetError, usageError } from '../core/errors.ts';
import { run } from '../core/exec.ts';

export const B4_PREFIX = 'b4:';

/** It talks to a mail archive, and may look up signatures. */
const TIMEOUT_MS = 5 * 60_000;

/** @throws MmapvetError B4_BAD_ID */
export function b4Command(named: string): [string, ...string[]] {
  const id = named.slice(B4_PREFIX.length).replace(/^<(.*)>$/, '$1');
  if (!/^[^\s-]\S*$/.test(id) || !/[@/]/.test(id))
    throw usageError(
      'B4_BAD_ID',
      `"${named}" names no mail.`,
      'Write it like b4:20261122-fix-v2-0-1a2b@example.org, or with the address of the mail in an archive.',
    );
  return ['b4', 'am', '--outdir', '-', '--', id];
}

/** @returns the mbox that b4 makes of the thread, ready for git am */
export async function fetchByB4(named: string, cwd: string, signal?: AbortSignal): Promise<Buffer> {
  const command = b4Command(named);
  const result = await run(command, {
    cwd,
    signal,
    timeoutMs: TIMEOUT_MS,
    bytes: true,
    allow: Array.from({ length: 126 }, (_, code) => code + 1),
    hint: 'Install b4 (on Debian: apt-get install b4), or download the thread and give the mbox.',
  });
  const said = result.stderr.split('\n').filter((line) => line.trim() !== '');
  if (result.exitCode === 0 && result.stdout.trim() !== '') return Buffer.from(result.stdout, 'latin1');
  throw new MmapvetError('B4_FAILED', `b4 gave no patches for "${command.at(-1)}".`, {
    blame: 'usage',
    hint: `Try "b4 am ${command.at(-1)}" by hand.`,
    details: said.slice(-10),
  });
}
