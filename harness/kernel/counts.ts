/** How many objects a full build of a target and profile has, remembered from the last one. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../core/paths.ts';
import { readJson } from '../core/read-json.ts';

/** Before any build here: near enough for a progress bar. */
const GUESS = 900;

const file = (): string => join(cacheFolder(), 'object-counts.json');

const readCounts = async (): Promise<Record<string, number>> =>
  ((await readJson(file())) as Record<string, number> | null) ?? {};

export const expectedObjects = async (name: string): Promise<number> => (await readCounts())[name] ?? GUESS;

export async function rememberObjects(name: string, count: number): Promise<void> {
  const counts = { ...(await readCounts()), [name]: count };
  await mkdir(dirname(file()), { recursive: true });
  await writeFile(`${file()}.${process.pid}`, JSON.stringify(counts));
  await rename(`${file()}.${process.pid}`, file());
}
