/**
 * Who uses what of the store: each process that took an entry says so in a file of its own, and an entry's time is that of
 * its last use. `gc` goes by both.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../core/paths.ts';
import { startTime } from '../core/process.ts';

const folderOf = (): string => join(cacheFolder(), 'in-use');

let mine: string | null = null;

/** Says that this process uses an entry of the store until it ends. Never fails: at worst gc takes it for unused. */
export function markUsed(folder: string): void {
  try {
    if (mine === null) {
      mkdirSync(folderOf(), { recursive: true });
      const file = join(folderOf(), `${process.pid}-${startTimeNow()}`);
      process.once('exit', () => rmSync(file, { force: true }));
      mine = file;
    }
    appendFileSync(mine, `${folder}\n`);
    const now = new Date();
    utimesSync(folder, now, now);
  } catch {
    // A cache that can't be written to is not cleaned up either.
  }
}

const startTimeNow = (): string => startTimeOf(readFileSync('/proc/self/stat', 'utf8')) ?? '0';
const startTimeOf = (line: string): string | undefined => line.slice(line.lastIndexOf(')') + 2).split(' ')[19];

/** All entries that a living process uses. What dead ones left is swept. */
export async function usedEntries(): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for (const name of await readdir(folderOf()).catch(() => [])) {
    const [pid = '', start] = name.split('-');
    const file = join(folderOf(), name);
    if ((await startTime(Number(pid))) !== start) await rm(file, { force: true });
    else for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n')) used.add(line);
  }
  return used;
}
