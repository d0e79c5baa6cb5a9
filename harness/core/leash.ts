/**
 * Ends what our children started when we die without a chance to do so. `setpriv --pdeathsig` (exec.ts) holds for our own
 * children only: a make that is killed leaves its compilers and sub-makes running. A shell waits for the end of a pipe that
 * only we hold; if no word came before, it kills every process that has our mark in its environment.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MARK = 'MMAPVET_LEASH';

/** Several rounds: a process may start another one while we look. */
const WATCH = [
  'read -r word && exit',
  'for round in 1 2 3 4 5; do',
  `  for file in $(grep -lsz "^${MARK}=$1$" /proc/[0-9]*/environ); do`,
  '    pid=${file#/proc/}; kill -9 "${pid%/environ}" 2>/dev/null',
  '  done',
  '  sleep 0.3',
  'done',
].join('\n');

export interface Leash {
  /** Lets go: what still runs may go on. Call it before an end in order. */
  release(): void;
}

/** Every program that is started from now on has the mark. */
export function startLeash(): Leash {
  // Field 22 of proc(5) tells us from a process that gets our id later; the shell itself must not have the mark.
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const mark = `${process.pid}-${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  const { [MARK]: _outer, ...env } = process.env;
  const watcher = spawn('sh', ['-c', WATCH, 'mmapvet-leash', mark], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env,
  });
  // Without a shell there is no leash; what we start is killed with us all the same.
  watcher.on('error', () => {});
  watcher.stdin.on('error', () => {});
  watcher.unref();
  process.env[MARK] = mark;
  return {
    release: () => void watcher.stdin.write('released\n'),
  };
}
