/** One `mmapvet.yaml` from text to checked data, each complaint with its line. Pure. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { messageOf, MmapvetError } from '../core/errors.ts';
import { suggestHint } from '../core/suggest.ts';
import { ConfigFile, keysAt } from './config-schema.ts';

export type KeyPath = readonly PropertyKey[];

export interface ReadConfig {
  readonly data: ConfigFile;
  /** `/home/u/linux/mmapvet.yaml:7` */
  readonly whereIs: (path: KeyPath) => string;
}

/** Aliases that a file may unfold to; more is a bomb. */
const MOST_ALIASES = 100;

/** @throws MmapvetError CONFIG_BAD */
export function parseConfig(text: string, file: string): ReadConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core', uniqueKeys: true });
  const at = (offset: number): string => `${file}:${lines.linePos(offset).line || 1}`;
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined)
    throw bad(`${at(wrong.pos[0])}: This is no YAML: ${sentence(wrong.message)}`, 'Mend that line.', []);
  const whereIs = (path: KeyPath): string => at(offsetOf(document, path));
  const checked = ConfigFile.safeParse(toData(document, file));
  if (checked.success) return { data: checked.data, whereIs };
  const lineOf = ({ text: words }: Complaint): number => Number(/:(\d+): /.exec(words.slice(file.length))?.[1] ?? 0);
  const [first, ...others] = checked.error.issues
    .flatMap((issue) => complaints(issue, whereIs))
    .toSorted((a, b) => lineOf(a) - lineOf(b));
  throw bad(
    first?.text ?? file,
    first?.hint ?? 'Mend the file.',
    others.map((other) => `${other.text} ${other.hint}`),
  );
}

function bad(message: string, hint: string, details: readonly string[]): MmapvetError {
  return new MmapvetError('CONFIG_BAD', message, { blame: 'usage', hint, details });
}

function toData(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {};
  } catch (error) {
    throw bad(`${file}: ${sentence(messageOf(error))}`, 'Write out what the aliases stand for.', []);
  }
}

const sentence = (words: string): string => (/[.!?]$/.test(words) ? words : `${words}.`);

interface Complaint {
  readonly text: string;
  readonly hint: string;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list, such as [a, b]',
  object: 'a mapping of keys',
  record: 'a mapping of names',
};

function complaints(issue: z.core.$ZodIssue, whereIs: (path: KeyPath) => string): Complaint[] {
  const { path } = issue;
  const name = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  const where = `${whereIs(path)}: `;
  const otherwise = [{ text: `${where}"${name}": ${sentence(issue.message)}`, hint: 'Mend that line.' }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        text: `${whereIs([...path, key])}: There is no key "${key}"${name === '' ? '' : ` in "${name}"`}.`,
        hint: suggestHint(key, keysAt(path), 'keys'),
      }));
    case 'invalid_type': {
      const kind = KINDS[issue.expected] ?? issue.expected;
      if (issue.input === undefined && issue.message.endsWith(' received undefined'))
        return [{ text: `${where}"${name}" is missing.`, hint: `Add it: ${kind}.` }];
      return [
        { text: `${where}${name === '' ? 'The file' : `"${name}"`} has to be ${kind}.`, hint: 'Mend that line.' },
      ];
    }
    case 'custom':
      return [{ text: `${where}${issue.message}`, hint: String(issue.params?.['hint'] ?? '') }];
    case 'invalid_key':
      return issue.issues.flatMap((inner) => complaints({ ...inner, path: [...path] }, whereIs));
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_union':
    case 'invalid_value':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
      return otherwise;
  }
}

/** Where a key stands; for one that is not there, what should hold it. */
function offsetOf(document: Document, path: KeyPath): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
