/** Run folders as records for the history: one run's folder, or a folder full of them. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { usageError } from '../../core/errors.ts';
import { readEvents } from '../read-events.ts';
import { buildResults } from '../results.ts';
import type { RunRecord } from './record.ts';

const EVENTS = 'events.jsonl';

export const isRunFolder = (folder: string): boolean => existsSync(join(folder, EVENTS));

/** The folder itself where it is a run, else the runs directly below it. @throws MmapvetError NO_RUN (usage) */
export function findRunFolders(given: string): string[] {
  const folder = resolve(given);
  if (isRunFolder(folder)) return [folder];
  const below = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(folder, entry.name))
        .filter(isRunFolder)
    : [];
  if (below.length > 0) return below.toSorted();
  throw usageError('NO_RUN', `"${given}" is no run folder and has none in it.`, `Name a folder that has ${EVENTS}.`);
}

/** @throws MmapvetError EVENTS_READ, EVENTS_NEWER, EVENTS_BAD */
export function readRecord(folder: string): RunRecord {
  const { events } = readEvents(join(folder, EVENTS));
  const start = events.find((event) => event.kind === 'run-start');
  return { folder, command: start?.command ?? [], results: buildResults(events) };
}
