/** Reads the history back: the runs, and what each cell was in them. */
import type { CellId, KernelIdentity } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { History } from './open.ts';
import { durationOf, isKnown, outcomeOf, ranOf, unpackVerdicts } from './packed.ts';

export interface StoredRun {
  readonly id: number;
  readonly name: string;
  readonly folder: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly profile: string;
  readonly kernel: KernelIdentity | null;
  /** Equal for runs of the same kernel. */
  readonly kernelId: number | null;
  /** The driver was told to falsify its log: no evidence about a kernel. */
  readonly lie: boolean;
  /** null: killed before its end. */
  readonly exitCode: number | null;
  readonly interrupted: boolean;
  readonly durationMs: number;
  readonly undecided: number;
  readonly counts: Readonly<Partial<Record<Outcome, number>>>;
  readonly targets: readonly string[];
}

export interface RunFilter {
  /** Only runs that have one of these targets. */
  readonly targets?: readonly string[];
  /** Part of the kernel's source, version, commit or a patch's subject. */
  readonly kernel?: string;
  /** Also runs with a driver that lies. */
  readonly lies?: boolean;
}

/** Oldest first. */
export function readRuns(history: History, filter: RunFilter = {}): StoredRun[] {
  const targets = new Map<number, string[]>();
  for (const row of history.prepare('SELECT run, target FROM part ORDER BY rowid').all()) {
    const run = Number(row['run']);
    targets.set(run, [...(targets.get(run) ?? []), String(row['target'])]);
  }
  const kernels = new Map(
    history
      .prepare('SELECT id, facts FROM kernel')
      .all()
      .map((row) => [Number(row['id']), readKernel(String(row['facts']))]),
  );
  return history
    .prepare('SELECT * FROM run ORDER BY at, id')
    .all()
    .map((row): StoredRun => {
      const kernelId = row['kernel'] === null ? null : Number(row['kernel']);
      return {
        id: Number(row['id']),
        name: String(row['name']),
        folder: String(row['folder']),
        at: String(row['at']),
        profile: String(row['profile']),
        kernel: kernelId === null ? null : (kernels.get(kernelId) ?? null),
        kernelId,
        lie: row['lie'] === 1,
        exitCode: row['exit_code'] === null ? null : Number(row['exit_code']),
        interrupted: row['interrupted'] === 1,
        durationMs: Number(row['duration_ms']),
        undecided: Number(row['undecided']),
        counts: JSON.parse(String(row['counts'])) as StoredRun['counts'],
        targets: targets.get(Number(row['id'])) ?? [],
      };
    })
    .filter((run) => matches(run, filter));
}

/** Checked by hand for what is used: loading the schema's library would take as long as a query. */
function readKernel(facts: string): KernelIdentity | null {
  const kernel = JSON.parse(facts) as Partial<KernelIdentity> | null;
  const texts = [
    kernel?.source,
    kernel?.version,
    ...(kernel?.series ?? []).flatMap(({ subject, file }) => [subject, file]),
  ];
  return texts.every((text) => typeof text === 'string') && Array.isArray(kernel?.series)
    ? (kernel as KernelIdentity)
    : null;
}

function matches(run: StoredRun, { targets = [], kernel, lies = false }: RunFilter): boolean {
  if (run.lie && !lies) return false;
  if (targets.length > 0 && !run.targets.some((name) => targets.includes(name))) return false;
  if (kernel === undefined) return true;
  if (run.kernel === null) return false;
  const { source, version, commit, series } = run.kernel;
  const words = [source, version, commit ?? '', ...series.flatMap(({ subject, file }) => [subject, file])];
  return words.some((word) => word.includes(kernel));
}

export interface StoredVerdict {
  readonly run: StoredRun;
  readonly outcome: Outcome;
  readonly ran: boolean;
  readonly durationMs: number;
}

/** One run on one target. */
export interface Part {
  readonly run: StoredRun;
  /** Equal for the same kernel build. */
  readonly build: number;
}

/** A cell over the runs that had it, oldest first, in columns: a thousand runs hold a million verdicts. */
export interface CellPast {
  /** Of the cell in this history. */
  readonly id: number;
  readonly cell: CellId;
  /** As packed.ts reads them. */
  readonly words: Uint32Array;
  /** Where each word comes from: places in `parts`. */
  readonly places: Uint32Array;
  readonly parts: readonly Part[];
}

export const partAt = ({ parts, places }: CellPast, index: number): Part | null => parts[places[index] ?? -1] ?? null;

export function verdictAt(past: CellPast, index: number): StoredVerdict | null {
  const part = partAt(past, index);
  const word = past.words[index];
  if (part === null || word === undefined) return null;
  return { run: part.run, outcome: outcomeOf(word), ran: ranOf(word), durationMs: durationOf(word) };
}

/** Each cell's verdicts in these runs, in their order; only the cells that `wanted` takes. */
export function readCells(
  history: History,
  runs: readonly StoredRun[],
  wanted: (cell: CellId, id: number) => boolean,
): CellPast[] {
  const parts: Part[] = [];
  const packed: Uint8Array[] = [];
  const builds = new Map<string, number>();
  const ofTarget = new Map<string, number>();
  const query = history.prepare('SELECT target, build, verdicts FROM part WHERE run = ?');
  for (const run of runs)
    for (const { target, build, verdicts } of query.all(run.id)) {
      // Where nothing was built the run's kernel has to do.
      const key = typeof build === 'string' ? build : `kernel ${run.kernelId}`;
      const number = builds.get(key) ?? builds.size;
      builds.set(key, number);
      parts.push({ run, build: number });
      packed.push(verdicts as Uint8Array);
      ofTarget.set(String(target), (ofTarget.get(String(target)) ?? 0) + 1);
    }

  const columns: Column[] = [];
  const byId: (Column | undefined)[] = [];
  let size = 0;
  for (const row of history.prepare('SELECT * FROM cell ORDER BY clause, path, target, profile').all()) {
    const { clause, path, target, profile } = row;
    const cell = { clause: String(clause), path: String(path), target: String(target), profile: String(profile) };
    const id = Number(row['id']);
    if (!wanted(cell, id)) continue;
    const from = size;
    size += ofTarget.get(cell.target) ?? 0;
    columns.push((byId[id] = { id, cell, from, to: from, end: size }));
  }
  const words = new Uint32Array(size);
  const places = new Uint32Array(size);
  for (const [place, bytes] of packed.entries()) {
    const pairs = unpackVerdicts(bytes);
    for (let at = 0; at < pairs.length; at += 2) {
      const column = byId[pairs[at] ?? 0];
      const word = pairs[at + 1] ?? 0;
      if (column === undefined || column.to === column.end || !isKnown(word)) continue;
      words[column.to] = word;
      places[column.to] = place;
      column.to += 1;
    }
  }
  return columns
    .filter(({ from, to }) => to > from)
    .map(({ id, cell, from, to }) => ({
      id,
      cell,
      words: words.subarray(from, to),
      places: places.subarray(from, to),
      parts,
    }));
}

/** Where in one long array the words of a cell lie. */
interface Column {
  readonly id: number;
  readonly cell: CellId;
  readonly from: number;
  /** Behind the last word so far. */
  to: number;
  readonly end: number;
}

/** Why a cell was no plain pass in a run; empty for a pass. */
export function reasonReader(history: History): (run: number, cell: number) => string {
  const query = history.prepare('SELECT text FROM reason WHERE run = ? AND cell = ?');
  return (run, cell) => String(query.get(run, cell)?.['text'] ?? '');
}
