/** What the probes ran of the kernel, clause by clause, and of what a series changed. All pure. */
import type { ChangedRange, Coverage } from '../core/events.ts';
import type { ChangedFile, ChangedLine } from '../kernel/changed.ts';
import { BACKGROUND } from '../probe/gcda-archive.ts';
import type { DecodedCounters, FileCounts } from '../probe/gcov.ts';

interface LineRuns {
  count: number;
  /** `background` too. */
  readonly clauses: Set<string>;
}

interface FileRuns {
  readonly lines: Map<number, LineRuns>;
  readonly functions: Map<string, { readonly from: number; readonly to: number; count: number }>;
}

/** All counts so far, by file. */
export type Runs = Map<string, FileRuns>;

/** Adds one clause's counts; changes `runs`. */
export function addCounts(runs: Runs, { clause, files }: DecodedCounters): void {
  for (const counts of files) {
    let file = runs.get(counts.file);
    if (file === undefined) {
      file = { lines: new Map(), functions: new Map() };
      runs.set(counts.file, file);
    }
    addFile(file, clause, counts);
  }
}

function addFile(file: FileRuns, clause: string, { lines, functions }: FileCounts): void {
  for (const { line, count } of lines) {
    let runs = file.lines.get(line);
    if (runs === undefined) {
      runs = { count: 0, clauses: new Set() };
      file.lines.set(line, runs);
    }
    if (clause !== BACKGROUND) runs.count += count;
    if (count > 0) runs.clauses.add(clause);
  }
  for (const { name, from, to, count } of functions) {
    // What the compiler made of it: vma_merge.isra.0
    const plain = name.replace(/\.\w+(?:\.\d+)?$/, '');
    const known = file.functions.get(plain);
    const own = clause === BACKGROUND ? 0 : count;
    if (known === undefined) file.functions.set(plain, { from, to, count: own });
    else known.count += own;
  }
}

export interface CoverageFacts {
  readonly target: string;
  readonly profile: string;
  readonly runs: Runs;
  readonly changed: readonly ChangedFile[];
  /** Lines of the finished files, by path; counted from 0. */
  readonly text: ReadonlyMap<string, readonly string[]>;
  /** What the contract names: `mm/util.c:mmap_action_finish`. */
  readonly contract: ReadonlySet<string>;
  /** Files whose functions are listed. */
  readonly files: readonly string[];
  readonly lcov: string;
}

export function coverageOf(facts: CoverageFacts): Coverage {
  const { target, profile, runs, changed, text, lcov } = facts;
  return {
    target,
    profile,
    changed: changed.flatMap(({ path, lines }) => {
      const file = runs.get(path);
      return joinAlike(lines.map((line) => rangeOf(path, line, file, text.get(path) ?? [])));
    }),
    functions: facts.files.flatMap((path) => functionsOf(path, facts)),
    lcov,
  };
}

function rangeOf(
  file: string,
  changed: ChangedLine,
  runs: FileRuns | undefined,
  text: readonly string[],
): ChangedRange {
  const { line, removal } = changed;
  const none = { file, from: line, to: line, removal, clauses: [], background: false };
  if (runs === undefined) return { ...none, state: 'not-counted' };
  const found = removal ? after(line, runs, text) : runs.lines.get(startOf(line, runs, text));
  if (found === undefined) return { ...none, state: 'no-code' };
  const clauses = [...found.clauses].filter((clause) => clause !== BACKGROUND).toSorted();
  const state = clauses.length > 0 ? 'run' : 'never';
  return { ...none, state, clauses, background: found.clauses.has(BACKGROUND) };
}

/** So far a statement may go on, and so far from a removal the next code may be. */
const REACH = 20;

const isCode = (text: string): boolean => !/^\s*(?:\/\*|\*|\/\/|#|$)/.test(text);

/** gcov counts a statement where it begins; lines that go on with it have no count of their own. */
function startOf(line: number, { lines }: FileRuns, text: readonly string[]): number {
  if (!isCode(text[line - 1] ?? '')) return line;
  for (let at = line; at > Math.max(1, line - REACH); at -= 1) {
    if (lines.has(at)) return at;
    const before = (text[at - 2] ?? '').replace(/\/\*.*?\*\/\s*$/, '').trimEnd();
    if (!isCode(before) || /[;{}:]$|\*\/$/.test(before)) return line;
  }
  return line;
}

/** The next code after a removal, within its function. */
function after(line: number, { lines }: FileRuns, text: readonly string[]): LineRuns | undefined {
  for (let at = line; at < line + REACH; at += 1) {
    const found = lines.get(at);
    if (found !== undefined) return found;
    if ((text[at - 1] ?? '').startsWith('}')) return undefined;
  }
  return undefined;
}

function joinAlike(ranges: readonly ChangedRange[]): ChangedRange[] {
  const joined: ChangedRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    const alike =
      last !== undefined &&
      last.to + 1 === range.from &&
      !last.removal &&
      !range.removal &&
      last.state === range.state &&
      last.background === range.background &&
      last.clauses.join() === range.clauses.join();
    if (alike) joined[joined.length - 1] = { ...last, to: range.to };
    else joined.push(range);
  }
  return joined;
}

function functionsOf(path: string, { runs, changed, contract }: CoverageFacts): Coverage['functions'] {
  const file = runs.get(path);
  if (file === undefined) return [];
  const touched = changed.find((each) => each.path === path)?.lines ?? [];
  const rows = [...file.functions].map(([name, { from, to }]) => {
    const own = [...file.lines].filter(([line]) => line >= from && line <= to).map(([, each]) => each);
    const clauses = new Set(own.flatMap((each) => [...each.clauses]));
    clauses.delete(BACKGROUND);
    return {
      file: path,
      name,
      line: from,
      lines: own.length,
      run: own.filter(({ count }) => count > 0).length,
      clauses: clauses.size,
      told: contract.has(`${path}:${name}`) || touched.some(({ line }) => line >= from && line <= to),
    };
  });
  return rows.toSorted((a, b) => a.line - b.line);
}

/** As lcov and genhtml read it, paths relative to the kernel's tree. */
export function lcovText(test: string, runs: Runs): string {
  const records = [...runs]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([path, { lines, functions }]) => {
      const counted = [...lines].toSorted(([a], [b]) => a - b);
      const named = [...functions].toSorted(([, a], [, b]) => a.from - b.from);
      return [
        `TN:${test.replaceAll(/\W/g, '_')}`,
        `SF:${path}`,
        ...named.map(([name, { from }]) => `FN:${from},${name}`),
        ...named.map(([name, { count }]) => `FNDA:${count},${name}`),
        `FNF:${named.length}`,
        `FNH:${named.filter(([, { count }]) => count > 0).length}`,
        ...counted.map(([line, { count }]) => `DA:${line},${count}`),
        `LF:${counted.length}`,
        `LH:${counted.filter(([, { count }]) => count > 0).length}`,
        'end_of_record\n',
      ].join('\n');
    });
  return records.join('');
}

/** Changed lines with code: how many run, and how many there are. */
export function changedCounts(changed: readonly ChangedRange[]): { readonly run: number; readonly code: number } {
  const count = (states: readonly ChangedRange['state'][]): number =>
    changed.filter(({ state }) => states.includes(state)).reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return { run: count(['run']), code: count(['run', 'never']) };
}
