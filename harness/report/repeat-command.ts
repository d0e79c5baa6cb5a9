/** The command that repeats one cell: what the user typed, narrowed to it. */
import { quoteCommand } from '../core/exec.ts';

/** Options that choose cells or say where reports go; each takes a value. */
const DROPPED = new Set([
  '--clause',
  '-c',
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

export function repeatCommand(command: readonly string[], clause: string, target: string): string {
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
  return quoteCommand([...base, '--target', target, '--clause', clause]);
}
