/** The console slices of cells that did not pass, from the run folder, as far as they are there and fit. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import type { Cell } from '../../core/events.ts';
import { harmless } from '../../probe/untrusted.ts';

/** Of one cell; the head says what happened, the tail how it ended. */
const HEAD_LINES = 150;
const TAIL_LINES = 50;
/** Of a file: a console that fills a disk is not to fill a page. */
const FILE_LIMIT = 1_000_000;
/** Of all consoles of a page, before they are packed. */
const PAGE_LIMIT = 3_000_000;

export interface ConsoleSlice {
  readonly lines: readonly string[];
  /** What is missing of it, in words; empty where nothing is. */
  readonly note: string;
}

const NOTHING: ConsoleSlice = { lines: [], note: '' };

export function createEvidenceReader(folder: string): (cell: Cell) => ConsoleSlice {
  let left = PAGE_LIMIT;
  return (cell) => {
    if (cell.evidence === null || folder === '') return NOTHING;
    if (left <= 0) return { lines: [], note: 'The page is full; the console is in the folder.' };
    const slice = readSlice(folder, cell.evidence);
    left -= slice.lines.reduce((sum, line) => sum + line.length, 0);
    return slice;
  };
}

function readSlice(folder: string, evidence: string): ConsoleSlice {
  try {
    const root = realpathSync(folder);
    // The path is data: it must not lead out of the folder, not by a link either.
    const path = isAbsolute(evidence) ? evidence : realpathSync(join(root, evidence));
    if (!path.startsWith(root + sep)) return { lines: [], note: 'The evidence lies outside of the run folder.' };
    const file = join(path, 'console.log');
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? null;
    if (size === null) return NOTHING;
    if (size > FILE_LIMIT) return { lines: [], note: `console.log is too long for a page (${size} bytes).` };
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return shorten(lines.map((line) => harmless(line)));
  } catch {
    return { lines: [], note: 'The evidence folder is gone.' };
  }
}

function shorten(lines: readonly string[]): ConsoleSlice {
  const cut = lines.length - HEAD_LINES - TAIL_LINES;
  if (cut <= 0) return { lines, note: '' };
  return {
    lines: [...lines.slice(0, HEAD_LINES), `… ${cut} lines left out …`, ...lines.slice(-TAIL_LINES)],
    note: '',
  };
}
