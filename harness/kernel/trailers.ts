/** What a series says of itself below its patches: git's `base-commit:` and b4's `change-id:`, to be echoed in answers. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface Trailers {
  readonly baseCommit?: string;
  readonly changeId?: string;
}

/** The last one of each counts: a mbox of several versions ends with the newest. */
export function readTrailers(text: string): Trailers {
  const base = [...text.matchAll(/^base-commit: ([0-9a-f]{40})\s*$/gm)].at(-1)?.[1];
  const change = [...text.matchAll(/^change-id: ([\w.@-]{1,200})\s*$/gm)].at(-1)?.[1];
  return {
    ...(base === undefined ? {} : { baseCommit: base }),
    ...(change === undefined ? {} : { changeId: change }),
  };
}

/** Of patch files and folders of them, covers included; what can't be read says nothing. */
export async function trailersOf(paths: readonly string[]): Promise<Trailers> {
  const texts = await Promise.all(paths.map((path) => textOf(path).catch(() => '')));
  return readTrailers(texts.join('\n'));
}

async function textOf(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return (await readFile(path, 'latin1')).replaceAll('\r\n', '\n');
  const names = (await readdir(path)).filter((name) => /\.(?:patch|diff|mbox|mbx|eml|cover)$/.test(name)).toSorted();
  return (await Promise.all(names.map((name) => textOf(join(path, name))))).join('\n');
}
