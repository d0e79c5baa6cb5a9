/**
 * Everything that a reader must look at, in full. A guest that does not boot leaves every cell with the same reason:
 * such cells are one block, not sixty.
 */
import { join } from 'node:path';
import type { Cell } from '../../core/events.ts';
import { harmless } from '../../probe/untrusted.ts';
import { plural } from '../../core/words.ts';
import { shortenHome } from '../format.ts';
import type { ReportOptions } from '../reporter.ts';
import { allCells, type RunState } from '../run-state.ts';
import { cellBlock, isInFull, kernelFaultBlock, labelled, splatLines } from './failure.ts';
import { LOOKS, type Paint } from './paint.ts';

/** Cells with one reason that still get a block each. */
export const ALIKE = 3;
const MAX_BLOCKS = 20;
const MAX_IDS = 20;

/** Cells with equal keys have one cause. A broken clause is never lumped together with another one. */
export function causeKey(cell: Cell): string {
  const own = cell.outcome === 'fail' || cell.outcome === 'changed' ? `${cell.clause} ${cell.path}` : '';
  return [cell.target, cell.outcome, cell.reason, own].join('\0');
}

export function attentionLines(state: RunState, options: ReportOptions, paint: Paint): string[] {
  const causes = Map.groupBy(allCells(state).filter(isInFull), causeKey);
  const blocks = [
    ...[...state.targets.values()].flatMap((target) =>
      target.faults.map(({ during, fault }) => kernelFaultBlock(target.name, during, fault, paint)),
    ),
    ...[...causes.values()].flatMap((cells) =>
      cells.length > ALIKE ? [alikeBlock(cells, paint)] : cells.map((cell) => cellBlock(cell, state, options, paint)),
    ),
  ];
  const more = blocks.length - MAX_BLOCKS;
  const rest = `  … and ${more} more, all in ${shortenHome(join(state.folder, 'results.json'), options.home)}`;
  return [...blocks.slice(0, MAX_BLOCKS), ...(more > 0 ? [[rest]] : [])].flatMap((block) => ['', ...block]);
}

function alikeBlock(cells: readonly Cell[], paint: Paint): string[] {
  const [first] = cells;
  if (first === undefined) return [];
  const { sign, word, style } = LOOKS[first.outcome];
  const ids = cells
    .slice(0, MAX_IDS)
    .map((cell) => (cell.path === 'direct' ? cell.clause : `${cell.clause}/${cell.path}`));
  const more = cells.length > MAX_IDS ? ` and ${cells.length - MAX_IDS} more` : '';
  return [
    `  ${paint(style, `${sign} ${word}`)}  ${paint('bold', `${plural(cells.length, 'cell')} on ${first.target}`)}`,
    ...labelled('why', [harmless(first.reason)], paint),
    ...labelled('cells', [ids.join(' ') + more], paint),
    ...first.faults.flatMap((fault) => labelled('console', splatLines(fault), paint)),
  ];
}
