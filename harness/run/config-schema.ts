/** The keys of `mmapvet.yaml`. What a file that is not the user's own may say is config-file.ts's business. */
import { z } from 'zod';
import { PROFILES, TARGETS } from '../core/arch.ts';
import { MmapvetError } from '../core/errors.ts';
import { suggestHint } from '../core/suggest.ts';
import { parseRange } from '../kernel/range.ts';
import { KERNEL_NAME } from './config.ts';

const refuse = (context: z.RefinementCtx, message: string, hint: string): void =>
  context.addIssue({ code: 'custom', message, params: { hint } });

const text = z.string().min(1);

const range = text.superRefine((value, context) => {
  try {
    parseRange(value);
  } catch (error) {
    if (!(error instanceof MmapvetError)) throw error;
    refuse(context, error.message, error.hint ?? '');
  }
});

const name = text.superRefine((value, context) => {
  if (!KERNEL_NAME.test(value))
    refuse(context, `"${value}" is no name.`, 'Begin with a letter or digit; letters, digits and "_.+-" may follow.');
});

const target = text.superRefine((value, context) => {
  const names = TARGETS.flatMap(({ name: own, aliases }) => [own, ...aliases]);
  if (!names.includes(value.toLowerCase()))
    refuse(
      context,
      `There is no target "${value}".`,
      suggestHint(
        value,
        TARGETS.map((known) => known.name),
        'targets',
      ),
    );
});

const builtIn = text.superRefine((value, context) => {
  const names = PROFILES.map((profile) => profile.name);
  if (!names.includes(value))
    refuse(context, `There is no built-in profile "${value}".`, suggestHint(value, names, 'profiles'));
});

const UNITS: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4 };

/** `20G`, `512M`: multiples of 1024, as for df and du. Null for what is no size. */
export function parseSize(value: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:iB|B)?$/i.exec(value);
  return match === null ? null : Math.round(Number(match[1]) * 1024 ** UNITS[match[2]!.toUpperCase()]!);
}

const size = z.union([z.string(), z.number()]).superRefine((value, context) => {
  if (parseSize(String(value)) === null) refuse(context, `"${value}" is no size.`, 'Write it like 20G.');
});

const fields = z.strictObject({ source: text, patches: z.array(text).optional(), range: range.optional() });

/** A source alone may stand for the mapping. */
const kernel = z.preprocess((value) => (typeof value === 'string' ? { source: value } : value), fields);

const profile = z.strictObject({ extends: builtIn.default('base'), kconfig: z.array(text).default([]) });

const limits = z.strictObject({
  timeout: z.int().min(1).max(86_400).optional(),
  jobs: z.int().min(1).max(4096).optional(),
  guests: z.int().min(1).max(256).optional(),
  cacheMax: size.optional(),
});

const line = z.strictObject({
  kernels: z.array(text).min(1),
  targets: z.array(target).min(1).optional(),
  profiles: z.array(text).min(1).optional(),
});

export const ConfigFile = z.strictObject({
  kernels: z.record(name, kernel).optional(),
  targets: z.array(target).min(1).optional(),
  profiles: z.record(name, profile).optional(),
  limits: limits.optional(),
  matrix: z.array(line).optional(),
  makeOptions: text.optional(),
  crossCompile: text.optional(),
  kernelArgs: text.optional(),
  qemuArgs: text.optional(),
});

export type ConfigFile = z.infer<typeof ConfigFile>;

/** The keys that a mapping may have, for "did you mean". */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(ConfigFile.shape);
  if (first === 'limits') return Object.keys(limits.shape);
  const shapes: Readonly<Record<string, z.ZodObject>> = { kernels: fields, profiles: profile, matrix: line };
  return rest.length === 1 ? Object.keys(shapes[String(first)]?.shape ?? {}) : [];
}
