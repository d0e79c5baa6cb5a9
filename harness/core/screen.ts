/**
 * The terminal, as one object made once and handed down. Nobody else touches stdout or stderr.
 */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

export interface Screen {
  /** Both streams are terminals that a live window may redraw. */
  readonly live: boolean;
  readonly columns: number;
  readonly style: (style: Style, text: string) => string;
  /** What the command was asked for: stdout. */
  readonly out: (text: string) => void;
  /** Waits until everything is written: a pipe takes its time, and process.exit() would not wait. */
  readonly flush: () => Promise<void>;
  /** What a person wants to know meanwhile: stderr. */
  readonly err: (text: string) => void;
}

/** no-color.org: any non-empty NO_COLOR switches off; FORCE_COLOR wins over it unless it is 0 or false. */
function wantsColor(env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return isTty && env['TERM'] !== 'dumb';
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string, done?: () => void): boolean;
  on?(event: 'error', listener: () => void): unknown;
}

/** `MMAPVET_FORCE_TTY=80x24` stands in for a terminal, for tests. CI means no live window. */
export function createScreen(stdout: Stream, stderr: Stream, env: NodeJS.ProcessEnv = process.env): Screen {
  const forced = /^(\d+)x\d+$/.exec(env['MMAPVET_FORCE_TTY'] ?? '');
  const isTty = forced !== null || stdout.isTTY === true;
  const color = wantsColor(env, isTty);
  // A reader that has gone (`| head`) is no reason for a stack trace; who still writes then writes to nobody.
  let gone = false;
  for (const stream of [stdout, stderr]) stream.on?.('error', () => void (gone = true));
  const drained = (stream: Stream): Promise<void> =>
    new Promise((done) => {
      if (gone) done();
      else stream.write('', () => done());
    });
  return {
    flush: async () => void (await Promise.all([drained(stdout), drained(stderr)])),
    live: isTty && (forced !== null || stderr.isTTY === true) && (env['CI'] ?? '') === '',
    // A getter: a terminal's width changes while a run goes on.
    get columns() {
      return forced === null ? (stdout.columns ?? 120) : Number(forced[1]);
    },
    style: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
  };
}

/** Text from a guest or a patch made safe for a terminal: no escape sequence or control character survives. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text
    .replaceAll(/\u001b\[[0-?]*[ -/]*[@-~]|\u001b./g, '')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
