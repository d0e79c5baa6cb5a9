/** Finds in a build's output the lines that say what is wrong, and where. All pure. */

export interface Diagnosis {
  /** The tools' own lines, with what belongs to them, at most `MAX_LINES`. */
  readonly lines: readonly string[];
  /** `mm/util.c:12: 'foo' undeclared`; null where nothing was recognised. */
  readonly first: string | null;
}

const MAX_LINES = 40;

/** A line that states an error, and how its place and text are read out of it. */
const ERRORS: readonly RegExp[] = [
  // gcc, clang, as: file:line:column: error: text
  /^(?<file>[^\s:][^:]*):(?<line>\d+)(?::\d+)?: (?:fatal )?[Ee]rror: (?<text>.*)$/,
  // Kconfig and make: file:line: *** text, file:line: syntax error
  /^(?<file>[^\s:]*(?:Kconfig|Makefile|Kbuild)[^\s:]*):(?<line>\d+): (?:\*\*\* )?(?<text>.*)$/,
  // ld: file:(section): undefined reference
  /^(?:\S*ld(?:\.bfd)?: )?(?<file>[^\s:]+):(?:\([^)]*\):|(?<line>\d+):) (?<text>(?:undefined reference|multiple definition).*)$/,
  // ld.lld: error: text
  /^(?:\S*\/)?(?:ld\.lld|ld|\S+-ld|collect2|cc1|gcc|clang)(?:-[\d.]+)?: (?:fatal )?error: (?<text>.*)$/,
  /^\S*ld: (?<text>.*(?:undefined|cannot find|No space).*)$/,
  /^ERROR: modpost: (?<text>.*)$/,
  /^(?<file>\S+): error: objtool: (?<text>.*)$/,
  /^error: objtool: (?<text>.*)$/,
  /^(?:\/bin\/)?(?:sh|bash): (?:\d+|line \d+): (?<text>.*(?:not found|No such file).*)$/,
  /^(?<text>.*No space left on device.*)$/,
];

/** Belongs to the error before it: a source line, a caret, a note. */
const BELONGS = /^\s+(?:\d+ )?\||^\s+\^|^[^\s:][^:]*:\d+(?::\d+)?: note: |^>>> /;
/** Belongs to the error after it. */
const LEADS = /^In file included from |^\s+from |: In function |: At top level:|: in function /;
const MAKE = /^make(?:\[\d+\])?: \*\*\* /;

/**
 * @param strip folders whose paths are shown relative, longest first
 */
export function diagnose(output: readonly string[], strip: readonly string[] = []): Diagnosis {
  const shorten = (line: string): string => strip.reduce((text, folder) => text.replaceAll(`${folder}/`, ''), line);
  const kept: string[] = [];
  let first: string | null = null;
  let leads: string[] = [];
  let inError = false;
  for (const raw of output) {
    const line = shorten(raw);
    const error = MAKE.test(line) ? null : matchError(line);
    if (error !== null) {
      first ??= error;
      kept.push(...leads, line);
      inError = true;
    } else if (inError && BELONGS.test(line)) kept.push(line);
    else inError = false;
    leads = LEADS.test(line) ? [...leads, line].slice(-6) : [];
  }
  if (kept.length === 0) kept.push(...output.filter((line) => MAKE.test(line)).map(shorten));
  if (kept.length === 0) kept.push(...output.slice(-10).map(shorten));
  return { lines: kept.slice(0, MAX_LINES), first };
}

function matchError(line: string): string | null {
  for (const pattern of ERRORS) {
    const groups = pattern.exec(line)?.groups;
    if (groups === undefined) continue;
    const place = [groups['file'], groups['line']].filter((part) => part !== undefined).join(':');
    return place === '' ? groups['text']! : `${place}: ${groups['text']}`;
  }
  return null;
}
