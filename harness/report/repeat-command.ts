/** The command that repeats one cell: what the user typed, narrowed to it. */
import { HOST_TARGET, isSuite } from '../contract/suites.ts';
import type { CellId } from '../core/events.ts';
import { OWN_CLAUSE } from '../contract/own.ts';
import { quoteCommand } from '../core/exec.ts';
import { factsOf, targetOf, type RunState } from './run-state.ts';

/** Options that choose cells or say where reports go; each takes a value. */
const DROPPED = new Set([
  '--clause',
  '-c',
  '--group',
  '-g',
  '--path',
  '--target',
  '-t',
  '--arch',
  '--reporter',
  '--output',
  '--repeat',
  '--shard',
]);
const DROPPED_FLAGS = new Set(['--json', '--strict', '--yes', '-y', '--update', '-u']);

/** Of a cell of a run; of a merged one the command is that of the run which the cell came from. */
export function repeatCell(state: RunState, cell: Pick<CellId, 'clause' | 'path' | 'target'>): string {
  const { command, target } = factsOf(state, targetOf(state, cell.target));
  return repeatCommand(command, { ...cell, target });
}

export function repeatCommand(
  command: readonly string[],
  { clause, path, target }: Pick<CellId, 'clause' | 'path' | 'target'>,
): string {
  const kept: string[] = [];
  let skip = false;
  for (const word of command) {
    if (skip) {
      skip = false;
      continue;
    }
    if (DROPPED.has(word)) skip = true;
    else if (!DROPPED_FLAGS.has(word) && !DROPPED.has(word.split('=', 1)[0] ?? '')) kept.push(word);
  }
  const base = kept.length === 0 ? ['mmapvet', 'run'] : kept;
  // What runs on this machine is the same for all targets.
  const where = target === HOST_TARGET ? [] : ['--target', target];
  if (isSuite(clause)) return quoteCommand([...base, ...where, '--group', `${clause}.${path}`]);
  // A probe of the user's own is the one clause of its command.
  const chosen = clause === OWN_CLAUSE ? [] : ['--clause', clause];
  return quoteCommand([...base, ...where, ...chosen]);
}
