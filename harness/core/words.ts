/** Small words on lists and numbers that people read. */

export function plural(count: number, singular: string, many = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : many}`;
}

/** `E02`, `F*`, `K0?.W2`: a glob over ids, letters in either case. */
export function globToRegExp(glob: string): RegExp {
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 'i');
}

/** A command line's words as a POSIX shell would split them: quotes and backslashes, nothing else. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const token = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gy;
  for (let match = token.exec(text); match !== null; match = token.exec(text))
    words.push(
      (match[1] ?? '').replaceAll(
        /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
        (_, double?: string, single?: string, escaped?: string) =>
          double === undefined ? (single ?? escaped ?? '') : double.replaceAll(/\\(["\\$`])/g, '$1'),
      ),
    );
  return words;
}

const UNITS = ['B', 'K', 'M', 'G', 'T'] as const;

/** `5.8 GiB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return power === 0 ? `${value} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${UNITS[power] ?? ''}iB`;
}
