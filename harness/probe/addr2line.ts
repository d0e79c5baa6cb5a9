/** What `addr2line -a -i -f` prints, and its paths as the tree has them, whatever folder it was built in. */
import { posix } from 'node:path';

export interface SourcePlace {
  readonly function: string;
  readonly path: string | null;
  readonly line: number | null;
}

const ADDRESS = /^0x[\da-f]+$/;
const PLACE = /^(.*):(\d+|\?)(?: \(discriminator \d+\))?$/;

/** For each address asked for, in order: its places, the innermost inlined function first. */
export function parseAddr2line(text: string): SourcePlace[][] {
  const all: SourcePlace[][] = [];
  const lines = text.split('\n').filter((line) => line !== '');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (ADDRESS.test(line)) {
      all.push([]);
      continue;
    }
    const place = PLACE.exec(lines[at + 1] ?? '');
    if (place === null) continue;
    at += 1;
    const path = place[1] ?? '';
    all.at(-1)?.push({
      function: line,
      path: path === '' || path.startsWith('??') ? null : posix.normalize(path),
      line: /^\d+$/.test(place[2] ?? '') && place[2] !== '0' ? Number(place[2]) : null,
    });
  }
  return all;
}

/** The folder of the tree that a kernel was built from, found through a file whose place in it is known. */
export function treeOf(path: string | null, known: string): string | null {
  return path !== null && path.endsWith(`/${known}`) ? path.slice(0, -known.length) : null;
}

/** A source in a working folder of ours. Of one kernel there may be several: ccache hands out objects compiled in another. */
const WORKING = /^.*\/work\/[\da-f]{32}\/source\//;
const GENERATED = /\/((?:arch\/\w+\/)?include\/generated\/.+)$/;

/** `mm/util.c`. A module's own file is called by its folder and name: its tree is somewhere else. */
export function shortPath(path: string, tree: string | null): string {
  if (tree !== null && path.startsWith(tree)) return path.slice(tree.length);
  if (WORKING.test(path)) return path.replace(WORKING, '');
  if (!path.startsWith('/')) return path.replace(/^(?:\.\.?\/)+/, '');
  return GENERATED.exec(path)?.[1] ?? path.split('/').slice(-2).join('/');
}
