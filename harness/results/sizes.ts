/** How much larger or smaller each function and object got, out of what `nm --print-size` says of two kernels. Pure. */

export interface SizeChange {
  readonly name: string;
  readonly kind: 'function' | 'data';
  /** Bytes; 0 for what is not there. */
  readonly before: number;
  readonly after: number;
}

interface Sized {
  readonly kind: 'function' | 'data';
  readonly size: number;
}

/** Text is code; data, read-only data and bss are data. Absolute, undefined and debug symbols have no size that counts. */
const KINDS: Readonly<Record<string, Sized['kind']>> = {
  t: 'function',
  w: 'function',
  d: 'data',
  r: 'data',
  b: 'data',
};

/** Names that the compiler numbers anew in each build, and marks that are no code. */
const NUMBERED = /\.(?:constprop|isra|part|cold|llvm)\.?\d*|\.\d+$/g;
const NO_CODE = /^(?:__compound_literal|__UNIQUE_ID|__key|__already_done|__func__|__pfx_|\.L|\$[adtx])/;

/**
 * Sizes by name; those of one name, such as statics of several files and the cold part of a function, are added up.
 * @param nm lines of `nm --print-size` or `nm --size-sort`, such as `ffffffff81000000 0000000000000042 t call_vma_mapped`
 */
export function parseSizes(nm: string): ReadonlyMap<string, Sized> {
  const sizes = new Map<string, Sized>();
  // With --print-size a line without a size has none; with --size-sort alone the one number is the size.
  const both = /^[\da-f]+ [\da-f]+ [a-z] \S+$/im.test(nm);
  const pattern = both ? /^[\da-f]+ ([\da-f]+) ([a-z]) (\S+)$/i : /^([\da-f]+) ([a-z]) (\S+)$/i;
  for (const line of nm.split('\n')) {
    const [, size, letter, raw] = pattern.exec(line.trim()) ?? [];
    const kind = KINDS[letter?.toLowerCase() ?? ''];
    if (size === undefined || raw === undefined || kind === undefined || NO_CODE.test(raw)) continue;
    const name = raw.replaceAll(NUMBERED, '');
    sizes.set(name, { kind, size: (sizes.get(name)?.size ?? 0) + Number.parseInt(size, 16) });
  }
  return sizes;
}

/** What differs, as bloat-o-meter orders it: what grew most first, what shrank most last. */
export function compareSizes(before: string, after: string): SizeChange[] {
  const [old, fresh] = [parseSizes(before), parseSizes(after)];
  const names = new Set([...old.keys(), ...fresh.keys()]);
  return [...names]
    .map((name) => ({
      name,
      kind: (fresh.get(name) ?? old.get(name))!.kind,
      before: old.get(name)?.size ?? 0,
      after: fresh.get(name)?.size ?? 0,
    }))
    .filter((change) => change.before !== change.after)
    .toSorted((a, b) => b.after - b.before - (a.after - a.before) || a.name.localeCompare(b.name));
}
