/** Version numbers as programs print them: dotted numbers, compared part by part; what follows them is ignored. */

/** The first match of `pattern`'s group 1 in a program's output, or null. */
export function readVersion(output: string, pattern: RegExp): string | null {
  return pattern.exec(output)?.[1] ?? null;
}

/** `7.2.22` is at least `7.2`; `7.10` is at least `7.9`; a missing part counts as 0. */
export function isAtLeast(version: string, minimum: string): boolean {
  const have = parts(version);
  const want = parts(minimum);
  for (let index = 0; index < Math.max(have.length, want.length); index += 1) {
    const difference = (have[index] ?? 0) - (want[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function parts(version: string): number[] {
  return (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}
