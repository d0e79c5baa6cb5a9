/**
 * Mail as archives and mailers keep it: an mbox into messages, a message into headers and text. Bodies are byte strings,
 * one character a byte: a kernel's files need not be UTF-8, and patch(1) wants them as they are. All pure.
 */

export interface Message {
  /** As it stands in the file, its `From ` line included. */
  readonly raw: string;
  readonly subject: string;
  readonly from: string;
  /** All text parts, decoded, one after the other; a byte string. */
  readonly body: string;
  /** Sent as format=flowed: mailers break and stuff the lines of such a text. */
  readonly flowed: boolean;
}

/** `From someone Mon Sep 17 00:00:00 2001`, the line that begins a message in an mbox. */
const FROM_LINE = /^From \S+ .*\w{3} +\d{1,2} \d\d:\d\d:\d\d \d{4}(?: [+-]\d{4})?\r?$/;

/** The messages of an mbox; a file that is none is one message. */
export function splitMessages(bytes: string): string[] {
  const messages: string[][] = [[]];
  for (const line of bytes.split('\n')) {
    if (FROM_LINE.test(line)) messages.push([]);
    messages.at(-1)!.push(line);
  }
  const whole = messages
    .map((lines, index) => `${lines.join('\n')}${index === messages.length - 1 ? '' : '\n'}`)
    .filter((message) => message.trim() !== '');
  // A blank line parts messages; after the last one there may be one as well.
  return whole.length < 2 ? whole : whole.map((message) => message.replace(/\n\r?\n$/, '\n'));
}

export function readMessage(raw: string): Message {
  const message = unixLines(raw).replace(/^From .*\n/, (line) => (FROM_LINE.test(line.trimEnd()) ? '' : line));
  const part = readPart(message);
  return {
    raw,
    subject: decodeWords(header(part.headers, 'Subject')),
    from: decodeWords(header(part.headers, 'From')),
    body: textOf(part).replaceAll(/^>(>*From )/gm, '$1'),
    flowed: isFlowed(part),
  };
}

/** Lines that all end in CR LF were sent so. Where only some do, the CRs belong to the text. */
export function unixLines(text: string): string {
  const ends = text.match(/\n/g)?.length ?? 0;
  return ends > 0 && (text.match(/\r\n/g)?.length ?? 0) === ends ? text.replaceAll('\r\n', '\n') : text;
}

interface Part {
  readonly headers: string;
  readonly type: string;
  readonly body: string;
}

function readPart(text: string): Part {
  const headers = /^(?:[\w-]+:.*\n(?:[ \t].*\n)*)+\n/.exec(text)?.[0] ?? '';
  return { headers, type: header(headers, 'Content-Type') || 'text/plain', body: text.slice(headers.length) };
}

const parameter = (value: string, name: string): string | undefined => {
  const found = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^\\s;]+))`, 'i').exec(value);
  return found?.[1] ?? found?.[2];
};

const isFlowed = (part: Part): boolean =>
  parameter(part.type, 'format')?.toLowerCase() === 'flowed' || partsOf(part).some(isFlowed);

function partsOf(part: Part): Part[] {
  const boundary = /^multipart\//i.test(part.type) ? parameter(part.type, 'boundary') : undefined;
  if (boundary === undefined) return [];
  const open = `--${boundary}`;
  const parts: string[][] = [];
  let inside = false;
  for (const line of part.body.split('\n')) {
    const mark = line.trimEnd();
    if (mark === open || mark === `${open}--`) {
      inside = mark === open;
      if (inside) parts.push([]);
    } else if (inside) parts.at(-1)!.push(line);
  }
  return parts.map((lines) => readPart(`${lines.join('\n')}\n`));
}

/** Text and attached patches; signatures, pages and pictures are left out. */
function textOf(part: Part): string {
  if (/^multipart\//i.test(part.type)) return partsOf(part).map(textOf).join('\n');
  const name = parameter(part.type, 'name') ?? parameter(header(part.headers, 'Content-Disposition'), 'filename') ?? '';
  const isText = /^text\//i.test(part.type) && !/^text\/html/i.test(part.type);
  if (!isText && !/\.(?:patch|diff)$/i.test(name)) return '';
  const decoded = unixLines(decodeBody(part.body, header(part.headers, 'Content-Transfer-Encoding').toLowerCase()));
  return toUtf8(decoded, parameter(part.type, 'charset') ?? 'utf-8');
}

export function header(headers: string, name: string): string {
  const value = new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im').exec(headers)?.[1] ?? '';
  return value.replaceAll(/\n[ \t]+/g, ' ').trim();
}

/** RFC 2047: `=?UTF-8?q?J=C3=B6rg?=`. Bytes that no word encodes are taken for UTF-8. */
export function decodeWords(bytes: string): string {
  return Buffer.from(bytes, 'latin1')
    .toString('utf8')
    .replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
    .replaceAll(
      /=\?([\w-]+)(?:\*[\w-]*)?\?([bq])\?([^?]*)\?=/gi,
      (_all, charset: string, how: string, word: string) => {
        const decoded =
          how.toLowerCase() === 'b'
            ? Buffer.from(word, 'base64').toString('latin1')
            : decodeQuoted(word.replaceAll('_', ' '));
        return Buffer.from(toUtf8(decoded, charset), 'latin1').toString('utf8');
      },
    );
}

const decodeQuoted = (text: string): string =>
  text
    .replaceAll(/=[ \t]*\r?\n/g, '')
    .replaceAll(/=([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

function decodeBody(body: string, encoding: string): string {
  if (encoding === 'quoted-printable') return decodeQuoted(body);
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('latin1');
  return body;
}

/** As git am does. A charset that nobody knows, and what is UTF-8 whatever the header says, stay as they are. */
function toUtf8(bytes: string, charset: string): string {
  if (!/[\u0080-\u00ff]/.test(bytes) || /^utf-?8$/i.test(charset)) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  try {
    if (buffer.toString('utf8').includes('\ufffd'))
      return Buffer.from(new TextDecoder(charset).decode(buffer)).toString('latin1');
  } catch {
    // The charset is unknown.
  }
  return bytes;
}
