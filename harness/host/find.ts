/** Looks for tools by stat alone; a compiler is asked only for a library that is in none of its usual places. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { run } from '../core/exec.ts';
import type { Find } from './requirements.ts';

/** Absolute path of a program on PATH, or null. */
export async function findProgram(name: string, path = process.env['PATH'] ?? ''): Promise<string | null> {
  const places = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const found = await Promise.all(places.map((folder) => isProgram(join(folder, name))));
  const first = places[found.indexOf(true)];
  return first === undefined ? null : join(first, name);
}

/** Where a tool is, or null. */
export async function find(what: Find, signal?: AbortSignal): Promise<string | null> {
  switch (what.kind) {
    case 'program':
      return findProgram(what.name);
    case 'file':
      return firstFile(what.anyOf);
    case 'library':
      return (await firstFile(what.usual)) ?? askCompiler(what.compiler, what.name, signal);
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function firstFile(paths: readonly string[]): Promise<string | null> {
  const there = await Promise.all(
    paths.map(async (path) => {
      try {
        return (await stat(path)).isFile();
      } catch {
        return false;
      }
    }),
  );
  return paths[there.indexOf(true)] ?? null;
}

/** gcc prints the bare name for a library that it does not find. */
async function askCompiler(compiler: string, library: string, signal?: AbortSignal): Promise<string | null> {
  if ((await findProgram(compiler)) === null) return null;
  try {
    const { stdout } = await run([compiler, `-print-file-name=${library}`], { signal, timeoutMs: 10_000 });
    return await firstFile([stdout.trim()].filter(isAbsolute));
  } catch {
    // A compiler that can't answer has no library for us.
    signal?.throwIfAborted();
    return null;
  }
}
