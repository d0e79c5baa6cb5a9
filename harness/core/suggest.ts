/** "Did you mean": the candidates nearest to a mistyped word. */

/** Edit distance with swapped neighbours counted once (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (rows[i - 1]?.[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** At most three candidates that differ from `word` in no more than a third of its letters, nearest first. */
export function suggest(word: string, candidates: readonly string[]): string[] {
  const limit = Math.max(1, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, off: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ off }) => off <= limit)
    .toSorted((a, b) => a.off - b.off)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * A hint for an unknown word: the nearest ones, else all.
 * @param aliases other spellings, each with the word that it stands for
 */
export function suggestHint(
  word: string,
  candidates: readonly string[],
  what: string,
  aliases: Readonly<Record<string, string>> = {},
): string {
  const near = suggest(word, [...candidates, ...Object.keys(aliases)]).map((found) => aliases[found] ?? found);
  if (near.length > 0) return `Did you mean ${[...new Set(near)].map((found) => `"${found}"`).join(' or ')}?`;
  return `Choose from the ${what}: ${candidates.join(', ')}.`;
}
