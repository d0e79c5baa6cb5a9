/**
 * The patches in a file: one message or an mbox of them, as b4, public-inbox and git format-patch write it. Covers and
 * answers are left out, of several versions the newest is taken, numbers give the order. All pure.
 */
import { createHash } from 'node:crypto';
import { usageError } from '../core/errors.ts';
import { parseDiff } from './diff.ts';
import { decodeWords, readMessage, splitMessages, unixLines, type Message } from './mail.ts';

export interface Patch {
  readonly subject: string;
  readonly author: string;
  /** Of the patch as given: the file's bytes, or its message's in an mbox. */
  readonly sha256: string;
  readonly file: string;
  /** What patch(1) is fed: the message with its diff. A byte string: one character a byte. */
  readonly text: string;
  /** Leading parts of its paths that are not the tree's. */
  readonly strip: number;
  readonly flowed: boolean;
}

/** `[PATCH mm-unstable v3 2/7]` */
export interface Tag {
  readonly version: number;
  readonly number: number | null;
  readonly total: number | null;
}

interface Tagged {
  readonly patch: Patch;
  readonly tag: Tag;
}

const ANSWER = /^\s*(?:re|aw|sv|antw|fwd?)\s*:/i;

/**
 * @param bytes the file, one character a byte
 * @throws MmapvetError PATCH_INCOMPLETE, PATCH_AMBIGUOUS for an mbox out of which no one series can be read
 */
export function splitPatches(bytes: string, file: string, strip = 1): Patch[] {
  const raws = splitMessages(bytes);
  const found = raws
    .map(readMessage)
    .filter((message) => !ANSWER.test(message.subject) && hasDiff(message.body, strip))
    .map((message) => {
      const whole = raws.length === 1 ? { ...message, raw: bytes } : message;
      return tagged(whole, file, strip);
    });
  return order(found, file);
}

/** A diff is in there, or what is left of one, not only an introduction. */
function hasDiff(body: string, strip: number): boolean {
  const diff = parseDiff(body, strip);
  return diff.files.length > 0 || diff.damage !== null;
}

export function readTag(subject: string): { tag: Tag; title: string } {
  let title = subject.trim();
  let words = '';
  for (let match = /^\[([^\]]*)\]\s*/.exec(title); match !== null; match = /^\[([^\]]*)\]\s*/.exec(title)) {
    words += ` ${match[1]}`;
    title = title.slice(match[0].length);
  }
  const place = /\b(\d+)\/(\d+)\b/.exec(words);
  return {
    title,
    tag: {
      version: Number(/\bv(\d+)\b/i.exec(words)?.[1] ?? 1),
      number: place === null ? null : Number(place[1]),
      total: place === null ? null : Number(place[2]),
    },
  };
}

/** `"J. Doe" <j@example.org>`: quotes are for mailers. */
const unquoted = (address: string): string =>
  address.replace(/^"((?:[^"\\]|\\.)*)"/, (_all, name: string) => name.replaceAll(/\\(.)/g, '$1'));

function tagged(message: Message, file: string, strip: number): Tagged {
  // In the body's first lines stands who wrote what another one sends.
  const inside = /^\s*((?:(?:From|Subject|Date): .*\n(?:[ \t].*\n)*)+)\n/.exec(message.body)?.[1] ?? '';
  const line = (name: string): string | undefined => new RegExp(`^${name}: *(.*)$`, 'm').exec(inside)?.[1];
  const { tag, title } = readTag(message.subject);
  const patch: Patch = {
    subject: decodeWords(line('Subject') ?? '') || title || file.replace(/^.*\//, ''),
    author: unquoted(decodeWords(line('From') ?? '') || message.from),
    sha256: createHash('sha256').update(message.raw, 'latin1').digest('hex'),
    file,
    text: unixLines(message.body),
    strip,
    flowed: message.flowed,
  };
  return { patch, tag };
}

function order(found: readonly Tagged[], file: string): Patch[] {
  const numbered = found.filter(({ tag }) => tag.number !== null);
  if (found.length < 2 || numbered.length < found.length) return found.map(({ patch }) => patch);
  const newest = Math.max(...found.map(({ tag }) => tag.version));
  const chosen = found.filter(({ tag }) => tag.version === newest);
  const byNumber = new Map<number, Patch>();
  for (const { patch, tag } of chosen) {
    const other = byNumber.get(tag.number!);
    if (other !== undefined && other.text !== patch.text)
      throw usageError(
        'PATCH_AMBIGUOUS',
        `"${file}" has two patches ${tag.number}/${tag.total}: "${other.subject}" and "${patch.subject}".`,
        'Give each series in a file of its own, in order.',
      );
    byNumber.set(tag.number!, patch);
  }
  const total = Math.max(...chosen.map(({ tag }) => tag.total!));
  const lacking = Array.from({ length: total }, (_, index) => index + 1).filter((number) => !byNumber.has(number));
  if (lacking.length > 0)
    throw usageError(
      'PATCH_INCOMPLETE',
      `"${file}" lacks ${lacking.map((number) => `${number}/${total}`).join(', ')} of version ${newest}.`,
      'Fetch the whole thread, let b4 do it with --patch b4:MESSAGE-ID, or give the patches one by one.',
    );
  return [...byNumber.entries()].toSorted(([a], [b]) => a - b).map(([, patch]) => patch);
}
