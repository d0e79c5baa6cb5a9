/**
 * `mmapvet run --resume RUN`: the command of the run that is gone on with is read again, where it was typed. Its options
 * hold; of the new ones those may stand beside them that decide no verdict.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { usageError } from '../core/errors.ts';
import { findRun } from '../results/find-run.ts';
import { readRun, type StoredRun } from '../results/stored-run.ts';
import type { Config } from '../run/config.ts';
import { loadConfig } from '../run/config-file.ts';
import { cellsOfPlan } from '../run/cells.ts';
import { planRun, type RunPlan } from '../run/plan.ts';
import { readInputs, type Inputs } from '../run/prepare.ts';
import { planResume, type Resume } from '../run/resume.ts';
import { OPTIONS, type CommandName } from './options.ts';
import { configOf, parseAndRun, type Values } from './parse.ts';

/** Only the new command's. */
const NEW = ['resume', 'output', 'reporter', 'json', 'list', 'dryRun', 'yes', 'verbose', 'timing', 'gitBisect'];
/** The new command's where it has them. */
const EITHER = ['jobs', 'ccacheRemote', 'globalTimeout', 'strict'];

export interface Resumed {
  readonly plan: RunPlan;
  readonly config: Config;
  readonly inputs: Inputs;
  readonly resume: Resume;
}

/** @throws MmapvetError RESUME_… (usage), and what planRun and readInputs throw; nothing is written */
export async function resumeRun(name: string, argv: readonly string[], signal: AbortSignal): Promise<Resumed> {
  const run = readRun(findRun(name));
  const start = startOf(run);
  const [before, now] = [await parseWords(start.command.slice(1)), await parseWords(argv)];
  if (before.name !== 'run')
    throw usageError(
      'RESUME_COMMAND',
      `"${run.folder}" is of "mmapvet ${before.name}", and only "mmapvet run" can go on with a run.`,
      'Start it again.',
    );
  const values = mergeOptions(before, now);
  return inFolder(start.cwd ?? process.cwd(), async () => {
    const config = await loadConfig(process.cwd(), configOf(values));
    const plan = planRun(values, config);
    const resume = planResume(run, plan, cellsOfPlan(plan));
    return { plan, config, resume, inputs: await readInputs(plan, signal) };
  });
}

function startOf({ folder, events }: StoredRun) {
  const start = events.find((event) => event.kind === 'run-start');
  if (start !== undefined && start.command.length > 1 && start.parts === undefined) return start;
  throw usageError(
    'RESUME_COMMAND',
    `"${folder}" does not say what command it is of${start?.parts === undefined ? '' : ': it is several runs made one'}.`,
    'Name the folder of one run that "mmapvet run" wrote.',
  );
}

interface Parsed {
  readonly name: CommandName;
  readonly values: Values;
  readonly given: ReadonlySet<string>;
}

async function parseWords(words: readonly string[]): Promise<Parsed> {
  const parsed: Parsed[] = [];
  const take = async (name: CommandName, _: readonly string[], values: Values, given: Parsed['given']): Promise<void> =>
    void parsed.push({ name, values, given });
  await parseAndRun(words, take, () => {});
  return parsed[0]!;
}

/** @throws MmapvetError RESUME_OPTION */
export function mergeOptions(before: Omit<Parsed, 'name'>, now: Omit<Parsed, 'name'>): Values {
  const own = new Set([...NEW, ...EITHER]);
  for (const key of now.given) {
    if (own.has(key) || JSON.stringify(now.values[key]) === JSON.stringify(before.values[key])) continue;
    const was = before.given.has(key) ? `has ${shown(key, before.values[key])}` : 'was made without it';
    throw usageError(
      'RESUME_OPTION',
      `"${shown(key, now.values[key])}" does not fit the run that is gone on with, which ${was}.`,
      'Leave it out, or start a new run without --resume.',
    );
  }
  const chosen = Object.keys(now.values).map((key) => {
    const isNew = NEW.includes(key) || (EITHER.includes(key) && now.given.has(key));
    return [key, (isNew ? now : before).values[key]] as const;
  });
  const output = now.values['output'];
  return {
    ...before.values,
    ...Object.fromEntries(NEW.map((key) => [key, undefined])),
    ...Object.fromEntries(chosen),
    // Given here, not where the earlier command was typed.
    ...(typeof output === 'string' ? { output: resolve(output) } : {}),
  };
}

/** `--clause E02`. */
function shown(key: string, value: Values[string]): string {
  const flags = OPTIONS.flatMap((spec) => spec.flags.match(/--[\w-]+/g) ?? []);
  const flag = flags.find(
    (each) => each.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) === key,
  );
  return [flag ?? key, ...(value === true ? [] : [value ?? ''].flat().map(String))].join(' ');
}

/** Paths of a command mean what they meant where it was typed. */
async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const here = process.cwd();
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw usageError(
      'RESUME_FOLDER',
      `The run was started in "${folder}", which is no folder any more.`,
      'Start a new run.',
    );
  process.chdir(folder);
  try {
    return await work();
  } finally {
    process.chdir(here);
  }
}
