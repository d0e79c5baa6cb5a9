/** Small files of our own that remember something. */
import { readFile } from 'node:fs/promises';

/** @returns what it says; null for one that is not there, or was cut when this machine went down */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}
