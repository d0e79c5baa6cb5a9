/** What an edit means: which of the watched files count, and which cells it affects. Pure but for the watching itself. */
import { watch } from 'node:fs';
import { basename, relative, sep } from 'node:path';
import type { CatalogueCell } from '../contract/catalogue.ts';

export interface Watched {
  readonly folder: string;
  /** `probes` are one file a clause group; everything else affects all cells. */
  readonly kind: 'tree' | 'driver' | 'probes' | 'patches';
}

export interface Edit {
  readonly kind: Watched['kind'];
  /** Relative to the watched folder. */
  readonly file: string;
}

/** What builds leave behind, what editors write beside a file, and what is no source. */
const NOISE =
  /(?:^|\/)(?:\.[^/]*|[^/]*~|#[^/]*#|4913)$|\.(?:o|ko|a|cmd|mod|swp|orig|rej|tmp)$|\.mod\.c$|(?:^|\/)\.git\//;

export const isNoise = (file: string): boolean => NOISE.test(file);

/** `e.c` holds group E; other files of the probes are part of all of them. */
export function affectedBy(edits: readonly Edit[], checks: readonly CatalogueCell[]): readonly CatalogueCell[] {
  const groups = new Set<string>();
  for (const { kind, file } of edits) {
    const group = kind === 'probes' ? /^([a-o])(?:[_-].*)?\.c$/.exec(basename(file))?.[1] : undefined;
    if (group === undefined) return checks;
    groups.add(group.toUpperCase());
  }
  return checks.filter(({ clause }) => groups.has(clause.id.charAt(0)));
}

/** An editor writes a file in several steps, and a checkout writes many: they count as one edit when this long is quiet. */
const QUIET_MS = 150;

/**
 * Waits for the next edit in any of the folders, watching them from now on.
 * @returns the edits that came together; none when `signal` fires
 */
export async function nextEdits(watched: readonly Watched[], signal: AbortSignal): Promise<readonly Edit[]> {
  const { promise, resolve } = Promise.withResolvers<readonly Edit[]>();
  const edits: Edit[] = [];
  let timer: NodeJS.Timeout | undefined;
  const watchers = watched.map(({ folder, kind }) =>
    watch(folder, { recursive: kind !== 'patches' }, (_, name) => {
      const file = (name ?? '').split(sep).join('/');
      if (file === '' || isNoise(file)) return;
      edits.push({ kind, file: relative('.', file) });
      clearTimeout(timer);
      timer = setTimeout(() => resolve(edits), QUIET_MS);
    }),
  );
  const stop = (): void => resolve([]);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    for (const watcher of watchers) watcher.close();
  }
}
