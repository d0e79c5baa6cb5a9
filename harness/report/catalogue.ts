/** Look-ups in the clause catalogue, for clauses that it may not have: a stored run can be older than we are. */
import { findProgram, isSuite, SUITE_TITLES } from '../contract/suites.ts';
import type { CellId } from '../core/events.ts';
import type { Clause, ClauseGroup, RedControl } from '../contract/clause.ts';

export function findClause(catalogue: readonly ClauseGroup[], id: string): Clause | null {
  for (const group of catalogue) for (const clause of group.clauses) if (clause.id === id) return clause;
  return null;
}

/** @param path also of a program of the kernel's own tests, whose `clause` is its suite */
export function titleOf(catalogue: readonly ClauseGroup[], clause: string, path = ''): string {
  if (isSuite(clause)) return findProgram(clause, path)?.title ?? SUITE_TITLES[clause];
  return findClause(catalogue, clause)?.title ?? '';
}

/** Where to look in the kernel; empty for what is not known. */
export function sourceOf(catalogue: readonly ClauseGroup[], cell: Pick<CellId, 'clause' | 'path'>): string[] {
  const found = findClause(catalogue, cell.clause) ?? findProgram(cell.clause, cell.path);
  return found === null ? [] : [found.source];
}

/** The letter of a clause, or the name of a suite of the kernel's own tests. */
export const groupOf = (clause: string): string => (isSuite(clause) ? clause : clause.charAt(0));

/** `E errors`; the letter alone where the group is not known. */
export function groupName(catalogue: readonly ClauseGroup[], letter: string): string {
  const group = catalogue.find((each) => each.letter === letter);
  return group === undefined ? letter : `${letter} ${group.name}`;
}

/** The file or option that turns the clause red. */
export function describeRedControl(control: RedControl): string {
  switch (control.kind) {
    case 'mutant':
      return `test/mutants/${control.name}.patch`;
    case 'lie':
      return `--driver-lie ${control.name}`;
    case 'tried':
      return `docs/evidence/${control.name}.md`;
  }
}
