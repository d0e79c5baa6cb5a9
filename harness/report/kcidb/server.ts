/** Where a KCIDB server listens, read from what the user gave. */
import { usageError } from '../../core/errors.ts';

export interface KcidbServer {
  readonly submit: URL;
  readonly status: URL;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * `https://db.kernelci.org`, with or without `/submit`.
 * @throws MmapvetError KCIDB_URL (usage): also for a token in it, which would end in logs, and for http beyond this machine
 */
export function parseServer(text: string): KcidbServer {
  if (!URL.canParse(text))
    throw usageError('KCIDB_URL', `"${text}" is no address.`, 'Give one such as https://db.kernelci.org.');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw usageError(
      'KCIDB_URL',
      `The address of "${url.host}" has a token or password in it.`,
      'Set MMAPVET_KCIDB_TOKEN instead, and give the address without what stands before the "@".',
    );
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw usageError('KCIDB_URL', `"${text}" would send the token in the clear.`, 'Use an https address.');
  const base = url.pathname.replace(/\/(?:submit)?\/*$/, '');
  const below = (name: string): URL => new URL(`${base}/${name}`, url.origin);
  return { submit: below('submit'), status: below('status') };
}
