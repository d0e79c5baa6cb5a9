/** One target's coverage: counters come in from guests, one after another, and become lines, an event and an LCOV file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CATALOGUE } from '../contract/catalogue.ts';
import { messageOf } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { GcovNotes } from '../kernel/build.ts';
import { changedLines, type ChangedFile } from '../kernel/changed.ts';
import type { Source } from '../kernel/source.ts';
import { readCounters } from '../probe/gcda-archive.ts';
import { decodeCounters } from '../probe/gcov.ts';
import { addCounts, coverageOf, lcovText, type Runs } from '../results/coverage.ts';

/** What a series does to a kernel. */
export interface Changes {
  readonly files: readonly ChangedFile[];
  /** All lines of these files, by path. */
  readonly text: ReadonlyMap<string, readonly string[]>;
}

export const NO_CHANGES: Changes = { files: [], text: new Map() };

export interface CoverageRequest {
  readonly target: string;
  readonly profile: string;
  readonly gcov: GcovNotes;
  readonly changes: Changes;
  /** Writes the LCOV file. @returns its path below the run folder */
  readonly keep: (text: string) => string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export class CoverageKeeper {
  readonly #request: CoverageRequest;
  readonly #runs: Runs = new Map();
  readonly #problems = new Map<string, number>();
  #taken = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(request: CoverageRequest) {
    this.#request = request;
  }

  /** Takes what a guest sent; decoding goes on behind. */
  take(archive: Buffer): void {
    this.#last = this.#last.then(() => this.#decode(archive)).catch((error: unknown) => this.lost(messageOf(error)));
  }

  /** A guest's counters, or some of them, are not to be had: told once, at the end. */
  lost(why: string): void {
    this.#problems.set(why, (this.#problems.get(why) ?? 0) + 1);
  }

  async #decode(archive: Buffer): Promise<void> {
    const { gcov, signal } = this.#request;
    signal.throwIfAborted();
    const { decoded, problems } = await decodeCounters(await readCounters(archive, gcov.files), gcov, signal);
    for (const each of decoded) addCounts(this.#runs, each);
    for (const problem of problems) this.lost(problem);
    this.#taken += decoded.length;
  }

  async finish(): Promise<void> {
    const { target, profile, emit, gcov, signal, keep, changes } = this.#request;
    await this.#last;
    if (signal.aborted) return;
    for (const [why, times] of this.#problems)
      emit({
        kind: 'note',
        target,
        level: 'warning',
        code: 'COVERAGE_LOST',
        text: `Coverage is not complete: ${why}${times === 1 ? '' : ` (${times} times)`}`,
      });
    if (this.#taken === 0) {
      const text = 'There is no coverage: no guest sent counters that could be read.';
      emit({ kind: 'note', target, level: 'warning', code: 'COVERAGE_NONE', text });
      return;
    }
    const lcov = keep(lcovText(target, this.#runs));
    const facts = { target, profile, runs: this.#runs, contract: CONTRACT, files: gcov.files, lcov };
    emit({ kind: 'coverage', coverage: coverageOf({ ...facts, changed: changes.files, text: changes.text }) });
  }
}

const CONTRACT: ReadonlySet<string> = new Set(
  CATALOGUE.flatMap((group) => group.clauses.map((clause) => clause.source)),
);

export async function readChanges(source: Source, signal: AbortSignal): Promise<Changes> {
  await source.open();
  const { source: tree, commit } = source.identity;
  // Of a package or a tarball there is no commit.
  const files = await changedLines(source, commit === null ? null : { tree, base: commit }, signal);
  const texts = files.map(
    async ({ path }) => [path, (await readFile(join(source.folder, path), 'utf8')).split('\n')] as const,
  );
  return { files, text: new Map(await Promise.all(texts)) };
}
