/** Who submits, and what only the submitter knows of the tree; ids that are the same whenever a run is reported. */
import { createHash } from 'node:crypto';
import { usageError } from '../../core/errors.ts';

export interface Submitter {
  /** Agreed on with the database's keepers; every id begins with it. */
  readonly origin: string;
  readonly treeName: string | null;
  readonly gitUrl: string | null;
  readonly gitBranch: string | null;
}

/** @throws MmapvetError KCIDB_ORIGIN, KCIDB_GIT_URL (usage) */
export function submitterFrom(env: NodeJS.ProcessEnv): Submitter {
  const value = (name: string): string | null => {
    const text = env[`MMAPVET_KCIDB_${name}`] ?? '';
    return text === '' ? null : text;
  };
  const origin = value('ORIGIN') ?? 'mmapvet';
  if (!/^[a-z0-9_]+$/.test(origin))
    throw usageError(
      'KCIDB_ORIGIN',
      `The KCIDB origin "${origin}" has other characters than a-z, 0-9 and "_".`,
      'Set MMAPVET_KCIDB_ORIGIN to the origin that the database knows you by.',
    );
  const gitUrl = value('GIT_URL');
  if (gitUrl !== null && !(gitUrl.startsWith('https://') && URL.canParse(gitUrl)))
    throw usageError(
      'KCIDB_GIT_URL',
      `"${gitUrl}" is no https address of a git repository.`,
      'Set MMAPVET_KCIDB_GIT_URL to the public one.',
    );
  return { origin, treeName: value('TREE'), gitUrl, gitBranch: value('GIT_BRANCH') };
}

/** `origin:0123…`: of equal parts an equal id, so that what is submitted again replaces what is there. */
export function idOf({ origin }: Submitter, ...parts: readonly (string | number | boolean | null)[]): string {
  return `${origin}:${hashOf(...parts)}`;
}

export function hashOf(...parts: readonly (string | number | boolean | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
