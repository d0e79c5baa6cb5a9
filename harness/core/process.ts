/** What tells one process from another that has its id later. */
import { readFile } from 'node:fs/promises';

/** When a process started, in clock ticks after boot: with the id it names a process for good. Null for a dead one. */
export async function startTime(pid: number): Promise<string | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // proc(5): field 22; the second field may hold blanks and parentheses.
  return line?.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
