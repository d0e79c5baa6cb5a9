/** Reads the history back: the runs, and what each cell was in them. */
import { KernelIdentity, type CellId } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { History } from './open.ts';
import { durationOf, eachVerdict, outcomeOf, ranOf } from './packed.ts';

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

function readKernel(facts: string): KernelIdentity | null {
  const parsed = KernelIdentity.safeParse(JSON.parse(facts));
  return parsed.success ? parsed.data : null;
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

/** A cell over the runs that had it, oldest first, in columns. */
export interface CellPast {
  /** Of the cell in this history. */
  readonly id: number;
  readonly cell: CellId;
  readonly runs: StoredRun[];
  /** As packed.ts reads them. */
  readonly words: number[];
  /** Equal for the same kernel build. */
  readonly builds: number[];
}

export function verdictAt({ runs, words }: CellPast, index: number): StoredVerdict | null {
  const run = runs[index];
  const word = words[index];
  if (run === undefined || word === undefined) return null;
  return { run, outcome: outcomeOf(word), ran: ranOf(word), durationMs: durationOf(word) };
}

/** Each cell's verdicts in these runs, in their order; only the cells that `wanted` takes. */
export function readCells(
  history: History,
  runs: readonly StoredRun[],
  wanted: (cell: CellId, id: number) => boolean,
): CellPast[] {
  const cells = new Map<number, CellPast>();
  for (const row of history.prepare('SELECT * FROM cell ORDER BY clause, path, target, profile').all()) {
    const cell = {
      clause: String(row['clause']),
      path: String(row['path']),
      target: String(row['target']),
      profile: String(row['profile']),
    };
    const id = Number(row['id']);
    if (wanted(cell, id)) cells.set(id, { id, cell, runs: [], words: [], builds: [] });
  }
  const builds = new Map<string, number>();
  const parts = history.prepare('SELECT build, verdicts FROM part WHERE run = ?');
  for (const run of runs)
    for (const row of parts.all(run.id)) {
      // Where nothing was built the run's kernel has to do.
      const key = typeof row['build'] === 'string' ? row['build'] : `kernel ${run.kernelId}`;
      const build = builds.get(key) ?? builds.size;
      builds.set(key, build);
      eachVerdict(row['verdicts'] as Uint8Array, (id, word) => {
        const past = cells.get(id);
        if (past === undefined) return;
        past.runs.push(run);
        past.words.push(word);
        past.builds.push(build);
      });
    }
  return [...cells.values()].filter((past) => past.words.length > 0);
}

/** Why the cell was no plain pass in that run; empty for a pass. */
export function readReason(history: History, run: number, cell: number): string {
  const row = history.prepare('SELECT text FROM reason WHERE run = ? AND cell = ?').get(run, cell);
  return row === undefined ? '' : String(row['text']);
}
