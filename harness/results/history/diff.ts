/** Two runs held against each other: the cells whose outcome differs, and those that only one of them has. Pure. */
import type { CellId, KernelIdentity } from '../../core/events.ts';
import type { Outcome } from '../../core/outcome.ts';
import { kernelIdentity } from './record.ts';

export interface DiffCell extends CellId {
  readonly outcome: Outcome;
  readonly reason: string;
}

export interface DiffSide {
  readonly name: string;
  readonly kernel: KernelIdentity | null;
  readonly cells: readonly DiffCell[];
}

export interface RunDiff {
  /** Of one kernel a difference is chance or our own change; of two it may be theirs. */
  readonly sameKernel: boolean;
  readonly compared: number;
  readonly differing: readonly { readonly before: DiffCell; readonly after: DiffCell }[];
  readonly onlyBefore: readonly DiffCell[];
  readonly onlyAfter: readonly DiffCell[];
}

const keyOf = (cell: CellId): string => [cell.clause, cell.path, cell.target, cell.profile].join(' ');

export function diffRuns(before: DiffSide, after: DiffSide): RunDiff {
  const old = new Map(before.cells.map((cell) => [keyOf(cell), cell]));
  const differing: { before: DiffCell; after: DiffCell }[] = [];
  const onlyAfter: DiffCell[] = [];
  let compared = 0;
  for (const cell of after.cells) {
    const was = old.get(keyOf(cell));
    old.delete(keyOf(cell));
    if (was === undefined) {
      onlyAfter.push(cell);
      continue;
    }
    compared += 1;
    if (was.outcome !== cell.outcome) differing.push({ before: was, after: cell });
  }
  return {
    sameKernel: isSame(before.kernel, after.kernel),
    compared,
    differing,
    onlyBefore: [...old.values()],
    onlyAfter,
  };
}

/** Of a tree with uncommitted edits nobody knows whether they were the same. */
function isSame(a: KernelIdentity | null, b: KernelIdentity | null): boolean {
  if (a === null || b === null || a.dirty || b.dirty) return false;
  return kernelIdentity(a) === kernelIdentity(b);
}
