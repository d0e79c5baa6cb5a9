/**
 * The run folder: `<state>/runs/<UTC time>-<id>/`, with a `<state>/latest` link to the newest. `events.jsonl` is the run;
 * everything else in the folder is made from it or is evidence.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fdatasync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { messageOf, MmapvetError, usageError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { stateFolder } from '../core/paths.ts';
import { writeAll, writeError, writeFileAtomic } from './atomic.ts';
import type { Results } from './results.ts';

export interface RunStore extends Disposable {
  readonly folder: string;
  readonly eventsFile: string;
  /** Appends one line at once: a kill loses at most this line, a crash of this machine a second. @throws MmapvetError FILE_WRITE */
  append(event: Event): void;
  /** Writes `results.json`, whole or not at all. @throws MmapvetError FILE_WRITE */
  writeResults(results: Results): void;
  /** Writes a text file below the folder. @throws MmapvetError RUN_PATH, FILE_WRITE */
  writeText(path: string, text: string): void;
  /** The absolute path of a file below the folder, its parents made: for consoles and the like. @throws MmapvetError RUN_PATH */
  place(path: string): string;
  close(): void;
}

/** What a crash of this machine loses at most, or a file system that gives up, in ms. */
const SYNC_MS = 1000;

export interface RunStoreOptions {
  readonly now?: Date;
  /** Six hex digits; given in tests. */
  readonly id?: () => string;
  /** `--output`: use exactly this folder, which must be new or empty; `latest` is left alone. */
  readonly folder?: string;
}

const randomId = (): string => randomBytes(3).toString('hex');

/**
 * Makes a fresh run folder, mode 0700: consoles and addresses of a kernel are nobody else's business.
 * @throws MmapvetError RUN_FOLDER
 */
export function createRunStore(root: string = stateFolder(), options: RunStoreOptions = {}): RunStore {
  const folder = options.folder === undefined ? makeRun(root, options) : useFolder(resolve(options.folder));
  const eventsFile = join(folder, 'events.jsonl');
  let fd: number | null = openSync(eventsFile, 'ax', 0o600);

  const place = (path: string): string => {
    const absolute = insideFolder(folder, path);
    mkdirSync(dirname(absolute), { recursive: true, mode: 0o700 });
    return absolute;
  };
  const close = (): void => {
    if (fd !== null) closeSync(fd);
    fd = null;
  };
  let syncedMs = performance.now();
  let lost: Error | null = null;
  const sync = (file: number): void => {
    if (performance.now() - syncedMs < SYNC_MS) return;
    syncedMs = performance.now();
    // One whose file was closed meanwhile has nothing to tell any more.
    fdatasync(file, (error) => void (lost = fd === null ? null : error));
  };
  return {
    folder,
    eventsFile,
    append(event) {
      if (fd === null) throw new MmapvetError('RUN_CLOSED', `The run folder "${folder}" is closed already.`);
      try {
        if (lost !== null) throw lost;
        writeAll(fd, `${JSON.stringify(event)}\n`);
        sync(fd);
      } catch (error) {
        throw writeError(eventsFile, error, `; "mmapvet run --resume ${basename(folder)}" then goes on`);
      }
    },
    writeResults: (results) => writeFileAtomic(join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`),
    writeText: (path, text) => writeFileAtomic(place(path), text),
    place,
    close,
    [Symbol.dispose]: close,
  };
}

/**
 * A folder beside those of runs, for a question that vets several kernels: each has its run folder in it.
 * @param given `--output`
 * @throws MmapvetError RUN_FOLDER, RUN_FOLDER_USED (usage)
 */
export function createQuestionFolder(given: string | undefined, root: string = stateFolder()): string {
  return given === undefined ? makeRun(root, {}) : useFolder(resolve(given));
}

function makeRun(root: string, options: RunStoreOptions): string {
  const stamp = (options.now ?? new Date())
    .toISOString()
    .replaceAll(':', '-')
    .replace(/\.\d+Z$/, 'Z');
  const folder = makeFolder(root, stamp, options.id ?? randomId);
  pointLatest(root, folder);
  return folder;
}

/**
 * Whether `--output` could be used; leaves nothing behind.
 * @throws MmapvetError RUN_FOLDER, RUN_FOLDER_USED (usage)
 */
export function checkRunFolder(folder: string): void {
  let existing = resolve(folder);
  while (statSync(existing, { throwIfNoEntry: false }) === undefined && dirname(existing) !== existing)
    existing = dirname(existing);
  try {
    if (existing === resolve(folder) && readdirSync(existing).length > 0) throw usedFolder(folder);
    // Permissions tell little: a file system may be read-only or full.
    rmdirSync(mkdtempSync(join(existing, '.mmapvet-')));
  } catch (error) {
    throw error instanceof MmapvetError ? error : badFolder(folder, error);
  }
}

const usedFolder = (folder: string): MmapvetError =>
  usageError('RUN_FOLDER_USED', `The folder "${folder}" is not empty.`, 'Name a new or an empty folder.');

const badFolder = (folder: string, cause: unknown): MmapvetError =>
  new MmapvetError('RUN_FOLDER', `The folder "${folder}" could not be made: ${messageOf(cause)}.`, {
    cause,
    blame: 'usage',
    hint: 'Name a folder that you may write to.',
  });

function useFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (readdirSync(folder).length === 0) return folder;
  } catch (error) {
    throw badFolder(folder, error);
  }
  throw usedFolder(folder);
}

function makeFolder(root: string, stamp: string, id: () => string): string {
  const runs = join(root, 'runs');
  try {
    mkdirSync(runs, { recursive: true, mode: 0o700 });
    for (let attempt = 1; ; attempt += 1) {
      const folder = join(runs, `${stamp}-${id()}`);
      try {
        mkdirSync(folder, { mode: 0o700 });
        return folder;
      } catch (error) {
        if (!isTaken(error) || attempt === 10) throw error;
      }
    }
  } catch (error) {
    throw new MmapvetError('RUN_FOLDER', `No run folder could be made below "${runs}": ${messageOf(error)}.`, {
      cause: error,
      hint: 'Set XDG_STATE_HOME to a folder that you may write to.',
    });
  }
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** Two runs at once each replace the link as a whole; a link that can't be made is no reason to stop a run. */
function pointLatest(root: string, folder: string): void {
  const temporary = join(root, `.latest-${process.pid}-${randomId()}`);
  try {
    symlinkSync(relative(root, folder), temporary);
    renameSync(temporary, join(root, 'latest'));
  } catch {
    rmSync(temporary, { force: true });
  }
}

/** A path that came from data (a target, a cell) must not lead out of the folder. */
function insideFolder(folder: string, path: string): string {
  const absolute = resolve(folder, path);
  const bad = path === '' || isAbsolute(path) || path.includes('\0') || path.split(/[/\\]/).includes('..');
  if (bad || !absolute.startsWith(folder + sep))
    throw new MmapvetError('RUN_PATH', `The path "${path}" does not lie below the run folder.`);
  return absolute;
}
