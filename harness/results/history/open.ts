/**
 * Opens the history. Several runs may write at once: a write-ahead log, one short transaction a run, and writers wait for
 * each other. A writer that is killed leaves nothing behind, since SQLite undoes what was not committed.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, MmapvetError } from '../../core/errors.ts';
import { stateFolder } from '../../core/paths.ts';
import { MIGRATIONS } from './schema.ts';

export type History = DatabaseSync;

const BUSY_MS = 10_000;

export const historyFile = (): string => join(stateFolder(), 'history.sqlite');

/** @throws MmapvetError HISTORY_OPEN, HISTORY_NEWER */
export function openHistory(file: string = historyFile(), migrations: readonly string[] = MIGRATIONS): History {
  let history: DatabaseSync | null = null;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    history = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
    history.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    migrate(history, file, migrations);
    return history;
  } catch (error) {
    history?.close();
    if (error instanceof MmapvetError) throw error;
    throw new MmapvetError('HISTORY_OPEN', `The history "${file}" could not be opened: ${messageOf(error)}.`, {
      cause: error,
      hint: 'Move it away; "mmapvet history --import" makes a new one from the run folders.',
    });
  }
}

/** For those who only ask: null where no run was ever recorded. @throws MmapvetError as openHistory */
export function openHistoryIfAny(file: string = historyFile()): History | null {
  return existsSync(file) ? openHistory(file) : null;
}

function migrate(history: DatabaseSync, file: string, migrations: readonly string[]): void {
  if (versionOf(history) === migrations.length) return;
  transact(history, () => {
    // Another process may have been quicker: this version is read with the lock held.
    const version = versionOf(history);
    if (version > migrations.length)
      throw new MmapvetError(
        'HISTORY_NEWER',
        `The history "${file}" has version ${version}; this mmapvet knows version ${migrations.length}.`,
        { hint: 'Use the mmapvet that wrote it, or a newer one.' },
      );
    for (const migration of migrations.slice(version)) history.exec(migration);
    history.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

function versionOf(history: DatabaseSync): number {
  return Number(history.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** All or nothing; takes the write lock at the start, so that it never has to give up half-way. */
export function transact<T>(history: DatabaseSync, act: () => T): T {
  history.exec('BEGIN IMMEDIATE');
  try {
    const result = act();
    history.exec('COMMIT');
    return result;
  } catch (error) {
    history.exec('ROLLBACK');
    throw error;
  }
}
