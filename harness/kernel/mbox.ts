/** Reads patches as mail brings them: one message or an mbox of them, encoded bodies and headers included. All pure. */
import { createHash } from 'node:crypto';

export interface Patch {
  readonly subject: string;
  readonly author: string;
  /** Of the decoded message. */
  readonly sha256: string;
  readonly file: string;
  /** What patch(1) is fed: the message with its diff. */
  readonly text: string;
  /** n of `[PATCH n/m]`; null where there is none. */
  readonly number: number | null;
}

/** A diff is in there, not only an introduction. */
const HAS_DIFF = /^(?:--- \S|diff --git |GIT binary patch)/m;

/**
 * The patches in a file, in order of their numbers where all have one (a thread downloaded as mbox is in no order).
 * Messages without a diff, such as cover letters and answers, are left out.
 */
export function splitPatches(text: string, file: string): Patch[] {
  const patches = splitMessages(text.replaceAll('\r\n', '\n'))
    .map((message) => readMessage(message, file))
    .filter((patch) => HAS_DIFF.test(patch.text));
  const numbered = patches.every((patch) => patch.number !== null);
  return numbered ? patches.toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0)) : patches;
}

/** `From someone Mon Sep 17 00:00:00 2001`, the line that begins a message in an mbox. */
const FROM_LINE = /^From \S+.* \d{4}$/;

function splitMessages(text: string): string[] {
  const messages: string[][] = [[]];
  let blank = true;
  for (const line of text.split('\n')) {
    if (blank && FROM_LINE.test(line)) messages.push([]);
    else messages.at(-1)!.push(line);
    blank = line === '';
  }
  return messages.map((lines) => lines.join('\n')).filter((message) => message.trim() !== '');
}

function readMessage(message: string, file: string): Patch {
  const headers = /^(?:[\w-]+:.*\n(?:[ \t].*\n)*)+\n/.exec(message)?.[0] ?? '';
  const encoding = header(headers, 'Content-Transfer-Encoding').toLowerCase();
  const text = decodeBody(message.slice(headers.length), encoding).replaceAll(/^>(>*From )/gm, '$1');
  const title = header(headers, 'Subject');
  const tag = /^\s*(?:re:\s*)?\[([^\]]*)\]\s*/i.exec(title);
  const number = /(\d+)\/\d+/.exec(tag?.[1] ?? '')?.[1];
  return {
    subject: title.slice(tag?.[0].length ?? 0) || file.replace(/^.*\//, ''),
    author: /^From: *(.*)$/m.exec(/^\s*(From: .*)\n\n/.exec(text)?.[1] ?? '')?.[1] ?? header(headers, 'From'),
    sha256: createHash('sha256').update(text).digest('hex'),
    file,
    text,
    number: number === undefined ? null : Number(number),
  };
}

function header(headers: string, name: string): string {
  const value = new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im').exec(headers)?.[1] ?? '';
  return decodeWords(value.replaceAll(/\n[ \t]+/g, ' ').trim());
}

/** RFC 2047: `=?UTF-8?q?J=C3=B6rg?=`. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
    .replaceAll(/=\?([\w-]+)\?([bq])\?([^?]*)\?=/gi, (_all, _charset: string, how: string, word: string) =>
      how.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : decodeQuoted(word.replaceAll('_', ' ')),
    );
}

function decodeQuoted(text: string): string {
  const bytes = text
    .replaceAll(/=\n/g, '')
    .replaceAll(/[^\0-\u007f]/gu, (letter) => Buffer.from(letter).toString('latin1'))
    .replaceAll(/=([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function decodeBody(body: string, encoding: string): string {
  if (encoding === 'quoted-printable') return decodeQuoted(body);
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8').replaceAll('\r\n', '\n');
  return body;
}
