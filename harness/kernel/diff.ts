/**
 * Unified diffs: which files and hunks there are, and what is broken about them, before patch(1) sees any of it. Line
 * numbers count from 1 in the text that is given. All pure.
 */

export interface Hunk {
  /** First line in the old file, and in the new one. */
  readonly oldStart: number;
  readonly newStart: number;
  /** Where its `@@` stands. */
  readonly line: number;
  /** Each with its sign: blank, `-`, `+`. */
  readonly lines: readonly string[];
}

export interface FileDiff {
  /** Below the top folder; null for a file that comes or goes. */
  readonly oldPath: string | null;
  readonly newPath: string | null;
  readonly hunks: readonly Hunk[];
  readonly binary: boolean;
  /** Of the extended headers: `100644`, `120000` for a symlink, … */
  readonly modes: readonly string[];
  readonly line: number;
}

/** A line that no undamaged diff has there. */
export interface Damage {
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

export interface Diff {
  readonly files: readonly FileDiff[];
  readonly damage: Damage | null;
}

type Draft = { -readonly [K in keyof FileDiff]: FileDiff[K] } & {
  hunks: Hunk[];
  modes: string[];
  headed: boolean;
};

/** @param strip leading parts of each path that are not the tree's: 1 for `a/mm/util.c` */
export function parseDiff(text: string, strip = 1): Diff {
  const lines = text.split('\n');
  const files: Draft[] = [];
  let damage: Damage | null = null;
  let current: Draft | null = null;
  const begin = (index: number): Draft => {
    const draft = { oldPath: null, newPath: null, hunks: [], binary: false, modes: [], line: index + 1, headed: false };
    files.push(draft);
    return draft;
  };
  const take = (name: string | undefined): string | null => stripped(name, strip);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    if (line.startsWith('diff --git ')) {
      current = begin(at);
      [current.oldPath, current.newPath] = gitNames(line.slice('diff --git '.length)).map(take) as [string, string];
    } else if (line.startsWith('--- ') && lines[at + 1]?.startsWith('+++ ') === true) {
      const [old, fresh] = [take(nameIn(line.slice(4))), take(nameIn(lines[at + 1]!.slice(4)))];
      const same = current !== null && (old === current.oldPath || fresh === current.newPath);
      if (current === null || current.headed || !same) current = begin(at);
      Object.assign(current, { headed: true, oldPath: old, newPath: fresh });
      at += 1;
    } else if (/^(?:diff --(?:cc|combined) |@@@)/.test(line)) {
      damage ??= { line: at + 1, text: line, why: "is the combined diff of a merge, which can't be applied" };
    } else if (current !== null && line.startsWith('@@ -')) {
      const read = readHunk(lines, at);
      damage ??= read.damage;
      if (read.hunk === null) continue;
      if (!current.headed) damage ??= { line: at + 1, text: line, why: 'names no file' };
      current.hunks.push(read.hunk);
      at = read.end - 1;
      damage ??= surplus(lines, read.end);
    } else if (current !== null && current.hunks.length === 0) extended(current, line);
  }
  return { files: files.filter(saysSomething), damage };
}

/** Words in a message can look like a header. */
const saysSomething = (file: Draft): boolean =>
  file.hunks.length > 0 || file.binary || file.modes.length > 0 || file.oldPath !== file.newPath;

function extended(file: Draft, line: string): void {
  const mode = /^(?:old mode|new mode|new file mode|deleted file mode) (\d{6})$/.exec(line)?.[1];
  const index = /^index [\da-f]+\.\.[\da-f]+ (\d{6})$/.exec(line)?.[1];
  if (mode !== undefined || index !== undefined) file.modes.push((mode ?? index)!);
  if (line === 'GIT binary patch' || /^Binary files .* differ$/.test(line)) file.binary = true;
  const moved = /^(?:rename|copy) (from|to) (.*)$/.exec(line);
  if (moved?.[1] === 'from') file.oldPath = nameIn(moved[2]!);
  if (moved?.[1] === 'to') file.newPath = nameIn(moved[2]!);
}

interface HunkRead {
  readonly hunk: Hunk | null;
  /** Index of the first line after it. */
  readonly end: number;
  readonly damage: Damage | null;
}

function readHunk(lines: readonly string[], at: number): HunkRead {
  const head = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(lines[at]!);
  if (head === null) {
    const damage = { line: at + 1, text: lines[at]!, why: 'is no hunk header' };
    return { hunk: null, end: at + 1, damage };
  }
  let [old, fresh] = [Number(head[2] ?? 1), Number(head[4] ?? 1)];
  const found: string[] = [];
  let end = at + 1;
  let damage: Damage | null = null;
  for (; old > 0 || fresh > 0 || lines[end]?.startsWith('\\') === true; end += 1) {
    const line = lines[end];
    // The last line feed of the text leaves an empty piece behind.
    if (line === undefined || (line === '' && end === lines.length - 1)) {
      damage = { line: end, text: lines[end - 1] ?? '', why: 'is the last, but the hunk goes on' };
      break;
    }
    const sign = line === '' || line === '\r' ? ' ' : line[0]!;
    if (sign === '\\') continue;
    old -= sign === '+' ? 0 : 1;
    fresh -= sign === '-' ? 0 : 1;
    if (!' +-'.includes(sign) || old < 0 || fresh < 0) {
      damage = { line: end + 1, text: line, why: 'is no line of its hunk' };
      break;
    }
    found.push(line === '' ? ' ' : line);
  }
  return { hunk: { oldStart: Number(head[1]), newStart: Number(head[3]), line: at + 1, lines: found }, end, damage };
}

/** What may follow a hunk at once: a blank line, the next header, a signature, a rule above a list's footer. */
const AFTER_HUNK = /^(?:\s*$|@@|diff |-- ?$|--[-_\s]|[_=*]|Index: |Only in |Binary files )/;

/** patch(1) drops what a hunk's header does not count, the rest of a broken line too. */
function surplus(lines: readonly string[], at: number): Damage | null {
  const line = lines[at] ?? '';
  if (AFTER_HUNK.test(line)) return null;
  return { line: at + 1, text: line, why: 'is one more than the header of its hunk counts' };
}

/** Of `--- a/mm/util.c<TAB>2026-01-01`; names with odd characters are quoted as in C. */
function nameIn(rest: string): string {
  return rest.startsWith('"') ? unquote(/^"(?:[^"\\]|\\.)*"/.exec(rest)?.[0] ?? rest) : rest.split('\t')[0]!.trimEnd();
}

function unquote(word: string): string {
  const letters: Readonly<Record<string, string>> = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' };
  return word
    .slice(1, -1)
    .replaceAll(/\\(?:([0-7]{3})|(.))/g, (_all, octal: string | undefined, letter: string) =>
      octal === undefined ? (letters[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8)),
    );
}

/** Both names of `diff --git a/X b/X`, whose blanks nothing escapes: where they differ, other lines name them. */
function gitNames(rest: string): [string, string] {
  const quoted = [...rest.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)].map(([word]) => nameIn(word));
  if (rest.includes('"') || quoted.length === 2) return [quoted[0] ?? '', quoted.at(-1) ?? ''];
  const half = (rest.length - 1) / 2;
  return [rest.slice(0, half), rest.slice(half + 1)];
}

function stripped(name: string | undefined, strip: number): string | null {
  if (name === undefined || name === '/dev/null') return null;
  return name.split('/').slice(strip).join('/');
}

/** Every path that the diff touches, each once. */
export function pathsOf(diff: Diff): string[] {
  const paths = diff.files.flatMap(({ oldPath, newPath }) => [oldPath, newPath]);
  return [...new Set(paths.filter((path) => path !== null))];
}
