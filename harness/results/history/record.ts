/** Writes one run into the history: at its end, or later from its folder. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { KernelIdentity } from '../../core/events.ts';
import { MmapvetError } from '../../core/errors.ts';
import type { Results } from '../results.ts';
import { transact, type History } from './open.ts';
import { packVerdicts, type PackedVerdict } from './packed.ts';

export interface RunRecord {
  /** Where the run lies, or lay. */
  readonly folder: string;
  /** What the user typed. */
  readonly command: readonly string[];
  readonly results: Results;
}

const RUN_NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{6}$/;

/** The run folder's name; one that `--output` chose gets a name of the same shape. */
export function runName(folder: string, at: string): string {
  const name = basename(folder);
  if (RUN_NAME.test(name)) return name;
  const stamp = at.replaceAll(':', '-').replace(/(\.\d+)?Z$/, 'Z');
  return `${stamp}-${createHash('sha256').update(`${at} ${folder}`).digest('hex').slice(0, 6)}`;
}

/** Two kernels of one identity are the same code; a dirty tree is only ever like itself by name. */
export function kernelIdentity(kernel: KernelIdentity): string {
  const { source, version, commit, packageVersion, dirty, series } = kernel;
  const facts = [source, version, commit, packageVersion, dirty, series.map((patch) => patch.sha256)];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/**
 * One transaction. A run that is there already is written anew only where it had not ended then.
 * @returns false where nothing was written
 */
export function recordRun(history: History, { folder, command, results }: RunRecord): boolean {
  const { at } = results;
  if (at === null)
    throw new MmapvetError('HISTORY_NO_START', `The run "${folder}" has no start, so it has no place in the history.`);
  const name = runName(folder, at);
  return transact(history, () => {
    const known = history.prepare('SELECT id, exit_code AS ended FROM run WHERE name = ?').get(name);
    if (known !== undefined && known['ended'] !== null) return false;
    if (known !== undefined) history.prepare('DELETE FROM run WHERE id = ?').run(Number(known['id']));
    const run = insertRun(history, name, folder, command, results);
    insertCells(history, run, results);
    return true;
  });
}

function insertRun(
  history: History,
  name: string,
  folder: string,
  command: readonly string[],
  results: Results,
): number {
  const { kernel } = results;
  const { lastInsertRowid } = history
    .prepare(
      `INSERT INTO run (name, folder, at, tool, profile, kernel, lie, exit_code, interrupted, duration_ms, undecided, counts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      name,
      folder,
      results.at,
      results.tool,
      results.profile,
      kernel === null ? null : kernelId(history, kernel),
      command.some((word) => word.startsWith('--driver-lie')) ? 1 : 0,
      results.exitCode,
      results.interrupted ? 1 : 0,
      Math.round(results.durationMs),
      results.undecided,
      JSON.stringify(results.counts),
    );
  return Number(lastInsertRowid);
}

function kernelId(history: History, kernel: KernelIdentity): number {
  const identity = kernelIdentity(kernel);
  history
    .prepare('INSERT INTO kernel (identity, facts) VALUES (?, ?) ON CONFLICT DO NOTHING')
    .run(identity, JSON.stringify(kernel));
  return Number(history.prepare('SELECT id FROM kernel WHERE identity = ?').get(identity)?.['id']);
}

function insertCells(history: History, run: number, results: Results): void {
  const find = history.prepare('SELECT id FROM cell WHERE clause = ? AND path = ? AND target = ? AND profile = ?');
  const add = history.prepare('INSERT INTO cell (clause, path, target, profile) VALUES (?, ?, ?, ?)');
  const addReason = history.prepare('INSERT INTO reason (run, cell, text) VALUES (?, ?, ?)');
  const parts = new Map<string, PackedVerdict[]>(results.targets.map(({ name }) => [name, []]));
  for (const { clause, path, target, profile, outcome, ran, durationMs, reason } of results.cells) {
    const id = [clause, path, target, profile] as const;
    const cell = Number(find.get(...id)?.['id'] ?? add.run(...id).lastInsertRowid);
    const part = parts.get(target) ?? [];
    parts.set(target, part);
    part.push({ cell, outcome, ran, durationMs });
    if (reason !== '') addReason.run(run, cell, reason);
  }
  const insert = history.prepare('INSERT INTO part (run, target, build, verdicts) VALUES (?, ?, ?, ?)');
  for (const [target, verdicts] of parts) {
    const build = results.builds.find((each) => each.target === target)?.key ?? null;
    insert.run(run, target, build, packVerdicts(verdicts));
  }
}
