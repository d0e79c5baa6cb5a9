/** Look-ups in the clause catalogue, for clauses that it may not have: a stored run can be older than we are. */
import type { Clause, ClauseGroup, RedControl } from '../contract/clause.ts';

export function findClause(catalogue: readonly ClauseGroup[], id: string): Clause | null {
  for (const group of catalogue) for (const clause of group.clauses) if (clause.id === id) return clause;
  return null;
}

export function titleOf(catalogue: readonly ClauseGroup[], id: string): string {
  return findClause(catalogue, id)?.title ?? '';
}

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
