/**
 * The history's tables. One row a run and target with all its cells packed (`packed.ts`): a thousand runs of 782 cells
 * are 2,000 rows and 7 MB, and any question reads them all in a blink. Never change a migration that was released; add one.
 */
import type { Outcome } from '../../core/outcome.ts';

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE kernel (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL,
    at TEXT NOT NULL,
    tool TEXT NOT NULL,
    profile TEXT NOT NULL,
    kernel INTEGER REFERENCES kernel (id),
    lie INTEGER NOT NULL,
    exit_code INTEGER,
    interrupted INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    undecided INTEGER NOT NULL,
    counts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX run_at ON run (at);
  CREATE TABLE cell (
    id INTEGER PRIMARY KEY,
    clause TEXT NOT NULL,
    path TEXT NOT NULL,
    target TEXT NOT NULL,
    profile TEXT NOT NULL,
    UNIQUE (clause, path, target, profile)
  ) STRICT;
  CREATE TABLE part (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    build TEXT,
    verdicts BLOB NOT NULL,
    PRIMARY KEY (run, target)
  ) STRICT;
  CREATE TABLE reason (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    cell INTEGER NOT NULL REFERENCES cell (id),
    text TEXT NOT NULL,
    PRIMARY KEY (run, cell)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** Numbers in the file: never reuse one. */
export const OUTCOME_CODES: Readonly<Record<Outcome, number>> = {
  pass: 0,
  fail: 1,
  changed: 2,
  fault: 3,
  vacuous: 4,
  error: 5,
  'not-applicable': 6,
  flaky: 7,
  known: 8,
};
