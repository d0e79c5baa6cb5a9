/**
 * Reads a stored event stream back: strictly, or as much of it as can be understood, with a sentence for whatever can't:
 * the run was killed, the file was damaged or edited, or a newer mmapvet wrote it.
 */
import { readFileSync } from 'node:fs';
import { messageOf, MmapvetError } from '../core/errors.ts';
import { Event, EVENTS_VERSION } from '../core/events.ts';

export interface StoredEvents {
  readonly events: readonly Event[];
  /** The last line was cut in the middle and is left out. */
  readonly cut: boolean;
}

export interface SalvagedEvents extends StoredEvents {
  /** What could not be read, a sentence each. */
  readonly problems: readonly string[];
}

/** So many damaged lines are named one by one. */
const NAMED_LINES = 3;

/**
 * @throws MmapvetError EVENTS_READ, EVENTS_NEWER, EVENTS_BAD, each naming the file
 */
export function readEvents(file: string): StoredEvents {
  const { lines, cut } = splitLines(readText(file));
  const events = lines.map(({ number, text }) => {
    const read = readLine(text);
    if (read.version !== null && read.version > EVENTS_VERSION)
      throw new MmapvetError(
        'EVENTS_NEWER',
        `"${file}" has events of version ${read.version}; this mmapvet reads version ${EVENTS_VERSION}.`,
        { hint: 'Use the mmapvet that wrote it, or a newer one.' },
      );
    if (read.event === null)
      throw new MmapvetError('EVENTS_BAD', `Line ${number} of "${file}" is no event (${read.why}).`, {
        hint: 'Restore the file; it was edited or damaged.',
      });
    return read.event;
  });
  return { events, cut };
}

/** @throws MmapvetError EVENTS_READ where there is no such file */
export function salvageEvents(file: string): SalvagedEvents {
  const { lines, cut } = splitLines(readText(file));
  const events: Event[] = [];
  const bad: string[] = [];
  const unknown = new Map<string, number>();
  let newer: number | null = null;
  for (const { number, text } of lines) {
    const read = readLine(text);
    if (read.version !== null && read.version > EVENTS_VERSION) newer = read.version;
    if (read.event !== null) events.push(read.event);
    else if (read.unknownKind === null) bad.push(`line ${number} (${read.why})`);
    else unknown.set(read.unknownKind, (unknown.get(read.unknownKind) ?? 0) + 1);
  }
  return { events, cut, problems: problemsOf(newer, bad, unknown, cut) };
}

function problemsOf(
  newer: number | null,
  bad: readonly string[],
  unknown: ReadonlyMap<string, number>,
  cut: boolean,
): string[] {
  const more = bad.length > NAMED_LINES ? ` and ${bad.length - NAMED_LINES} more` : '';
  const kinds = [...unknown].map(([kind, count]) => `${count} of kind "${kind}"`);
  return [
    ...(newer === null
      ? []
      : [
          `events.jsonl is of version ${newer}, and this mmapvet reads version ${EVENTS_VERSION}: what it does not know is left out`,
        ]),
    ...(kinds.length === 0 ? [] : [`events.jsonl has events that this mmapvet does not know: ${kinds.join(', ')}`]),
    ...(bad.length === 0
      ? []
      : [`events.jsonl is damaged, and left out is ${bad.slice(0, NAMED_LINES).join(', ')}${more}`]),
    ...(cut ? ['events.jsonl is cut in the middle of its last line'] : []),
  ];
}

interface Line {
  readonly number: number;
  readonly text: string;
}

function splitLines(text: string): { readonly lines: readonly Line[]; readonly cut: boolean } {
  const all = text.split('\n');
  // A whole file ends with a newline, so the piece after the last one is empty.
  const rest = all.pop() ?? '';
  const lines = all.map((each, index) => ({ number: index + 1, text: each })).filter((line) => line.text !== '');
  return { lines, cut: rest !== '' };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new MmapvetError('EVENTS_READ', `The events file "${file}" could not be read: ${messageOf(error)}.`, {
      cause: error,
      hint: 'Name a run folder that "mmapvet run" wrote.',
    });
  }
}

interface ReadLine {
  readonly event: Event | null;
  /** Why it is no event; empty for one. */
  readonly why: string;
  /** What the line says of itself; null where it says nothing. */
  readonly version: number | null;
  /** A kind that only a newer mmapvet writes. */
  readonly unknownKind: string | null;
}

function readLine(line: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { event: null, why: messageOf(error), version: null, unknownKind: null };
  }
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const version = typeof fields['version'] === 'number' ? fields['version'] : null;
  // What a newer version added is dropped by the schema; what it changed shows as a bad line.
  const parsed = Event.safeParse(version === null ? value : { ...fields, version: EVENTS_VERSION });
  if (parsed.success) return { event: parsed.data, why: '', version, unknownKind: null };
  const issue = parsed.error.issues[0];
  const kind = fields['kind'];
  return {
    event: null,
    why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'no event'}`,
    version,
    unknownKind: typeof kind === 'string' && !KINDS.has(kind) ? kind.slice(0, 40) : null,
  };
}

const KINDS: ReadonlySet<string> = new Set(Event.options.map((option) => option.shape.kind.value));
