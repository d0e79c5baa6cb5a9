/** Reads a stored event stream back, also one whose run was killed. */
import { readFileSync } from 'node:fs';
import { messageOf, MmapvetError } from '../core/errors.ts';
import { Event, EVENTS_VERSION } from '../core/events.ts';

export interface StoredEvents {
  readonly events: readonly Event[];
  /** The last line was cut in the middle and is left out. */
  readonly cut: boolean;
}

/**
 * @throws MmapvetError EVENTS_READ, EVENTS_NEWER, EVENTS_BAD, each naming the file
 */
export function readEvents(file: string): StoredEvents {
  const lines = readText(file).split('\n');
  // A whole file ends with a newline, so the piece after the last one is empty.
  const rest = lines.pop() ?? '';
  const events: Event[] = [];
  for (const [index, line] of lines.entries()) if (line !== '') events.push(parseLine(file, index + 1, line));
  return { events, cut: rest !== '' };
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

function parseLine(file: string, number: number, line: string): Event {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw badLine(file, number, messageOf(error), error);
  }
  refuseNewer(file, value);
  const parsed = Event.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badLine(file, number, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'no event'}`, parsed.error);
}

function refuseNewer(file: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || !('version' in value)) return;
  if (typeof value.version !== 'number' || value.version <= EVENTS_VERSION) return;
  throw new MmapvetError(
    'EVENTS_NEWER',
    `"${file}" has events of version ${value.version}; this mmapvet reads version ${EVENTS_VERSION}.`,
    { hint: 'Use the mmapvet that wrote it, or a newer one.' },
  );
}

function badLine(file: string, number: number, why: string, cause: unknown): MmapvetError {
  return new MmapvetError('EVENTS_BAD', `Line ${number} of "${file}" is no event (${why}).`, {
    cause,
    hint: 'Restore the file; it was edited or damaged.',
  });
}
