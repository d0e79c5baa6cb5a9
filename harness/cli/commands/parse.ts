/** `mmapvet parse CONSOLE`: the kernel faults in a saved console. No kernel tree and no network is needed. */
import { createReadStream } from 'node:fs';
import { messageOf, MmapvetError, usageError } from '../../core/errors.ts';
import type { Fault } from '../../core/events.ts';
import { EXIT } from '../../core/outcome.ts';
import type { Screen } from '../../core/screen.ts';
import { plural } from '../../core/words.ts';
import { createConsoleScanner } from '../../probe/scanner.ts';
import type { SplatFault } from '../../probe/splat.ts';
import { symbolize } from '../../probe/symbolize.ts';
import { harmless } from '../../probe/untrusted.ts';
import { faultPlace, frameText, guiltyFrames, SHOWN_FRAMES } from '../../report/lines/fault.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

export const PARSE_VERSION = 1;

/** Exit code 0: no fault was found; 1: some were. */
export async function parseCommand(
  args: readonly string[],
  values: Values,
  { screen, signal }: CommandContext,
): Promise<number> {
  const [file] = args;
  if (file === undefined || args.length !== 1)
    throw usageError(
      'PARSE_FILE',
      `One console is read, but ${args.length} are given.`,
      'Give one file, or - for stdin.',
    );
  const { faults: found, lost } = await scan(file, signal);
  const vmlinux = typeof values['vmlinux'] === 'string' ? values['vmlinux'] : null;
  const modules = (values['module'] as readonly string[] | undefined) ?? [];
  const symbols = { vmlinux, modules };
  const faults =
    vmlinux === null && modules.length === 0 ? found : ((await symbolize(found, symbols, signal)) as SplatFault[]);
  if (values['json'] === true) screen.out(`${JSON.stringify(toJson(faults), null, 2)}\n`);
  else screen.out(faultReport(file === '-' ? 'stdin' : file, faults, lost, screen));
  return faults.length > 0 ? EXIT.bad : EXIT.good;
}

async function scan(file: string, signal: AbortSignal) {
  const scanner = createConsoleScanner();
  const stream: AsyncIterable<Uint8Array> =
    file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18, signal });
  try {
    for await (const chunk of stream) {
      signal.throwIfAborted();
      scanner.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MmapvetError) throw error;
    throw usageError('PARSE_FILE', `"${file}" can't be read: ${messageOf(error)}.`, 'Give a file that you may read.');
  }
  return scanner.end();
}

/** What `--json` prints; the fields and their order are fixed. */
export function toJson(faults: readonly SplatFault[]) {
  return {
    version: PARSE_VERSION,
    faults: faults.map((fault) => ({
      class: fault.class,
      title: fault.title,
      function: fault.function,
      cpu: fault.cpu,
      task: fault.task,
      line: fault.line,
      corrupted: fault.corrupted,
      panicked: fault.panicked,
      frames: fault.frames,
    })),
  };
}

/** Like a compiler's diagnostics: where, what, how it came there. */
export function faultReport(
  name: string,
  faults: readonly SplatFault[],
  lost: number,
  { style }: Pick<Screen, 'style'>,
): string {
  const lines = faults.flatMap((fault) => [
    `${style('bold', `${harmless(name)}:${fault.line}:`)} ${style('red', `${fault.class}:`)} ${style('bold', titleOf(fault))}`,
    ...notesOf(fault).map((note) => `    ${style('dim', note)}`),
    ...guiltyFrames(fault, SHOWN_FRAMES).map((frame, index) => `    ${index === 0 ? 'in' : 'by'} ${frameText(frame)}`),
    '',
  ]);
  const sum = faults.length === 0 ? 'No fault was found.' : `${plural(faults.length, 'fault')}.`;
  return [...lines, lost === 0 ? sum : `${sum} ${lost} more are like these, or too many to keep.`, ''].join('\n');
}

/** The class stands before it already. */
const titleOf = ({ class: kind, title }: Fault): string =>
  harmless(title.startsWith(`${kind}: `) ? title.slice(kind.length + 2) : title);

function notesOf(fault: Fault): string[] {
  const notes = [
    ...[faultPlace(fault)].filter((place) => place !== ''),
    ...(fault.panicked === true ? ['the kernel panicked'] : []),
    ...(fault.corrupted === true ? ['the text is cut or garbled'] : []),
  ];
  return notes.length === 0 ? [] : [notes.join('; ')];
}
