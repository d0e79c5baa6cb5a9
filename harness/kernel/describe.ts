/** A kernel in one line. */
import type { KernelIdentity } from '../core/events.ts';

const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? '' : noun.endsWith('h') ? 'es' : 's'}`;

/**
 * `linux 7.3.0 (/home/u/linux, 1a2b3c4d5e6f, 3 files modified) + 1 patch`.
 * @param modified number of modified files where known; `identity.dirty` alone only says that there are some
 */
export function describe(identity: KernelIdentity, modified: number | null = null): string {
  const facts = [identity.source.replace(/^(deb:[^=]+)=/, '$1 ')];
  if (identity.commit !== null) facts.push(identity.commit.slice(0, 12));
  if (identity.dirty) facts.push(modified === null ? 'modified' : `${count(modified, 'file')} modified`);
  const series = identity.series.length === 0 ? '' : ` + ${count(identity.series.length, 'patch')}`;
  return `linux ${identity.version} (${facts.join(', ')})${series}`;
}
