/** Reads allow.yaml: every mistake in it is named with file and line before anything is written. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { TARGETS } from '../core/arch.ts';
import { messageOf, MmapvetError, usageError } from '../core/errors.ts';
import { KERNEL_CONFIG } from '../core/paths.ts';
import type { AllowEntry } from './allow.ts';
import { findClauses } from './catalogue.ts';
import { PATHS } from './clause.ts';
import { parseKernelRange } from './kernel-range.ts';

export const ALLOW_FILE = join(KERNEL_CONFIG, 'allow.yaml');

/** One word, or a list of words. */
const oneOrMany = <T extends string>(known: readonly T[]) =>
  z
    .union([z.enum(known), z.array(z.enum(known)).min(1)], { error: `expected one or more of ${known.join(', ')}` })
    .transform((value) => [value].flat() as string[]);

const Entry = z
  .strictObject({
    clause: z
      .string()
      .refine((glob) => findClauses([glob]).length > 0, { error: 'no clause has this id' })
      .optional(),
    splat: z
      .string()
      .min(1)
      .transform((text, context) => {
        try {
          return new RegExp(text);
        } catch (error) {
          context.addIssue({ code: 'custom', message: messageOf(error) });
          return z.NEVER;
        }
      })
      .optional(),
    path: oneOrMany(PATHS).optional(),
    target: oneOrMany(TARGETS.map((target) => target.name)).optional(),
    kernel: z
      .string({ error: 'expected versions in quotes, such as "7.2" or "7.1-7.2"' })
      .transform((text, context) => {
        const range = parseKernelRange(text);
        if (range === null) context.addIssue({ code: 'custom', message: 'expected versions, such as "7.2" or "7.1-"' });
        return range ?? z.NEVER;
      })
      .optional(),
    reason: z.string().min(1),
    link: z.url({ protocol: /^https?$/ }),
    expires: z.iso.date(),
  })
  .refine((entry) => entry.clause !== undefined || entry.splat !== undefined, {
    error: 'expected a clause, a splat, or both',
  });

const AllowFile = z.strictObject({ allow: z.array(Entry) });

/**
 * @param file as the user names it; our own where there is none
 * @throws MmapvetError ALLOW_READ, ALLOW_BAD (usage)
 */
export async function readAllowFile(file: string = ALLOW_FILE): Promise<readonly AllowEntry[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new MmapvetError('ALLOW_READ', `The file "${file}" could not be read: ${messageOf(error)}.`, {
      blame: 'usage',
      cause: error,
      hint: 'Give a file like kernel-config/allow.yaml with --allow.',
    });
  }
  return parseAllow(text, file);
}

/** @throws MmapvetError ALLOW_BAD (usage), with file and line */
export async function parseAllow(text: string, file: string): Promise<readonly AllowEntry[]> {
  // Loaded where it is needed: most commands have no use for it.
  const { LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const bad = (offset: number, message: string): MmapvetError =>
    usageError(
      'ALLOW_BAD',
      `${file}:${lines.linePos(offset).line}: ${message.replace(/\.$/, '')}.`,
      'Mend the entry: clause and/or splat, reason, link, expires; path, target and kernel where it is not for all.',
    );
  const [mistake] = document.errors;
  if (mistake !== undefined) throw bad(mistake.pos[0], mistake.message);
  const parsed = AllowFile.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path ?? [];
    const name = path.filter((part) => part !== 'allow' && typeof part === 'string').join('.');
    throw bad(
      offsetOf(document, path),
      `${name === '' ? '' : `"${name}": `}${issue?.message ?? 'it is no allow file'}`,
    );
  }
  return parsed.data.allow.map(({ path, target, clause, splat, kernel, ...rest }, index) => ({
    ...rest,
    at: `${basename(file)}:${lines.linePos(offsetOf(document, ['allow', index])).line}`,
    paths: path ?? [],
    targets: target ?? [],
    ...(clause === undefined ? {} : { clause }),
    ...(splat === undefined ? {} : { splat }),
    ...(kernel === undefined ? {} : { kernel }),
  }));
}

/** Where the deepest part of the path that is there begins in the file. */
function offsetOf(
  document: { getIn(path: readonly unknown[], keepScalar: true): unknown },
  path: readonly PropertyKey[],
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
    if (Array.isArray(range)) return Number(range[0]);
  }
  return 0;
}
