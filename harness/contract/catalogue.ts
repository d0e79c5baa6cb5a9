/** The clauses that there are, and the ways to choose among them. */
import { globToRegExp } from '../core/words.ts';
import type { Clause, ClauseGroup, Path } from './clause.ts';
import { DELIVERY } from './clauses/a.ts';
import { ARGUMENTS } from './clauses/b.ts';
import { PRIVATE_DATA } from './clauses/c.ts';
import { ACTIONS } from './clauses/d.ts';
import { ERRORS } from './clauses/e.ts';
import { MERGING } from './clauses/f.ts';
import { DESCRIPTOR } from './clauses/g.ts';
import { LIFE } from './clauses/h.ts';
import { POPULATE } from './clauses/i.ts';
import { CONCURRENCY } from './clauses/j.ts';
import { STACKED } from './clauses/k.ts';
import { LEGACY } from './clauses/l.ts';
import { LIMITS } from './clauses/m.ts';
import { INJECTION } from './clauses/n.ts';
import { ARCHITECTURE } from './clauses/o.ts';
import { USERS } from './clauses/u.ts';

export const CATALOGUE: readonly ClauseGroup[] = [
  DELIVERY,
  ARGUMENTS,
  PRIVATE_DATA,
  ACTIONS,
  ERRORS,
  MERGING,
  DESCRIPTOR,
  LIFE,
  POPULATE,
  CONCURRENCY,
  STACKED,
  LEGACY,
  LIMITS,
  INJECTION,
  ARCHITECTURE,
  USERS,
];

/** The groups that a run under a profile with these fragments is on, where none is asked for. */
export const groupsFor = (fragments: readonly string[]): readonly ClauseGroup[] =>
  CATALOGUE.filter(({ only }) => only === undefined || fragments.includes(only));

/** A clause on one path, as the probes name it: `E02.direct`. */
export interface CatalogueCell {
  readonly clause: Clause;
  readonly path: Path;
}

/** The clauses whose id matches one of the globs, in the catalogue's order; all of them for no glob. */
export function findClauses(globs: readonly string[]): Clause[] {
  const patterns = globs.map(globToRegExp);
  return CATALOGUE.flatMap((group) => group.clauses).filter(
    ({ id }) => patterns.length === 0 || patterns.some((pattern) => pattern.test(id)),
  );
}

/** The cells of these clauses, on these paths only (all for none). */
export function cellsFor(clauses: readonly Clause[], paths: readonly Path[] = []): CatalogueCell[] {
  return clauses.flatMap((clause) =>
    clause.paths.filter((path) => paths.length === 0 || paths.includes(path)).map((path) => ({ clause, path })),
  );
}
