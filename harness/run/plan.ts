/**
 * From what the user typed to a plan: every name resolved, every number checked, nothing on disk touched. A plan that
 * was made is a plan that can be tried.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { CATALOGUE, cellsFor, findClauses, type CatalogueCell } from '../contract/catalogue.ts';
import { PATHS, type Clause } from '../contract/clause.ts';
import { LIES } from '../contract/lies.ts';
import { PROFILES, TARGETS, type Profile, type Target } from '../core/arch.ts';
import { usageError, type MmapvetError } from '../core/errors.ts';
import { suggestHint } from '../core/suggest.ts';
import { splitWords } from '../core/words.ts';
import type { Isolation } from './batches.ts';

export interface BuildPlan {
  /** As given; undefined is the default. */
  readonly kernel: string | undefined;
  readonly patches: readonly string[];
  readonly targets: readonly Target[];
  readonly profile: Profile;
  readonly kconfigAdd: readonly string[];
  readonly kconfig: string | undefined;
  readonly makeOptions: readonly string[];
  readonly crossCompile: string | undefined;
  readonly ccacheRemote: string | undefined;
  readonly jobs: number;
  readonly buildDir: string | undefined;
  readonly driver: string | undefined;
  readonly guestDebs: string | undefined;
  readonly kernelArgs: readonly string[];
  readonly qemuArgs: readonly string[];
  readonly accel: 'auto' | 'kvm' | 'tcg';
}

export interface RunPlan extends BuildPlan {
  /** Clauses on paths; target and profile make them cells. */
  readonly checks: readonly CatalogueCell[];
  readonly isolate: Isolation;
  /** Guests are booted, never restored. */
  readonly boot: boolean;
  /** How often each cell is run. */
  readonly repeats: number;
  /** How often a failed cell is run again on fresh guests. */
  readonly confirm: number;
  /** What cells took in earlier runs, in ms, by `E02.direct`. */
  readonly durations: ReadonlyMap<string, number>;
  readonly probeSeconds: number;
  readonly strict: boolean;
  /** Show where the time went. */
  readonly timing: boolean;
  readonly keepGuest: boolean;
  readonly lie: number;
  readonly output: string | undefined;
}

/** Option values as the parser gives them: by long name in camel case. */
export type PlanValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export function planBuild(values: PlanValues): BuildPlan {
  const targets = chooseTargets([...many(values['target']), ...many(values['arch'])]);
  const buildDir = one(values['buildDir']);
  if (buildDir !== undefined && targets.length !== 1)
    throw usageError(
      'BUILD_DIR_TARGETS',
      `"--build-dir ${buildDir}" is one kernel, but ${targets.length} targets are asked for.`,
      'Add --target with the one that it was built for.',
    );
  return {
    kernel: one(values['kernel']),
    patches: many(values['patch']).map((file) => resolve(file)),
    targets,
    profile: chooseProfile(one(values['profile']) ?? 'base'),
    kconfigAdd: many(values['kconfigAdd']).map(checkConfigLine),
    kconfig: path(values['kconfig']),
    makeOptions: splitWords(one(values['makeOptions']) ?? ''),
    crossCompile: one(values['crossCompile']),
    ccacheRemote: one(values['ccacheRemote']),
    jobs: number(values['jobs'], '--jobs', 1, 4096) ?? availableParallelism(),
    buildDir: path(values['buildDir']),
    driver: path(values['driver']),
    guestDebs: path(values['guestDebs']),
    kernelArgs: splitWords(one(values['kernelArgs']) ?? ''),
    qemuArgs: splitWords(one(values['qemuArgs']) ?? ''),
    accel: (one(values['accel']) ?? 'auto') as BuildPlan['accel'],
  };
}

export function planRun(values: PlanValues): RunPlan {
  return {
    ...planBuild(values),
    checks: chooseChecks(many(values['clause']), many(values['path'])),
    // A guest that is kept is one guest.
    isolate: values['keepGuest'] === true ? 'none' : ((one(values['isolate']) ?? 'group') as Isolation),
    boot: values['boot'] === true,
    repeats: number(values['repeat'], '--repeat', 1, 1000) ?? 1,
    confirm: values['keepGuest'] === true ? 0 : (number(values['confirm'], '--confirm', 0, 100) ?? 2),
    durations: new Map(),
    probeSeconds: number(values['timeout'], '--timeout', 1, 86_400) ?? 30,
    strict: values['strict'] === true,
    timing: values['timing'] === true,
    keepGuest: values['keepGuest'] === true,
    lie: chooseLie(one(values['driverLie'])),
    output: path(values['output']),
  };
}

const one = (value: PlanValues[string]): string | undefined => (typeof value === 'string' ? value : undefined);
const path = (value: PlanValues[string]): string | undefined =>
  typeof value === 'string' ? resolve(value) : undefined;
const many = (value: PlanValues[string]): readonly string[] => (Array.isArray(value) ? value : []);
const commas = (values: readonly string[]): string[] => values.flatMap((value) => value.split(',')).filter(Boolean);

function number(value: PlanValues[string], flag: string, least: number, most: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const parsed = Number(value);
  if (!/^\d+$/.test(value) || parsed < least || parsed > most)
    throw usageError('NUMBER_BAD', `"${flag} ${value}" is no whole number from ${least} to ${most}.`, 'Give a number.');
  return parsed;
}

/** Of a name that nothing has: what is near it, else all there are. */
function unknown(
  noun: string,
  name: string,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): MmapvetError {
  const hint = suggestHint(name, known, `${noun}s`, aliases);
  return usageError(`${noun.toUpperCase()}_UNKNOWN`, `There is no ${noun} "${name}".`, hint);
}

const namesOf = (items: readonly { readonly name: string }[]): string[] => items.map((item) => item.name);

export function chooseTargets(names: readonly string[]): readonly Target[] {
  const aliases = TARGETS.flatMap((target) => target.aliases.map((alias) => [alias, target.name] as const));
  const chosen = commas(names).map((name) => {
    const lower = name.toLowerCase();
    const found = TARGETS.find((target) => target.name === lower || target.aliases.includes(lower));
    if (found === undefined) throw unknown('target', name, namesOf(TARGETS), Object.fromEntries(aliases));
    return found;
  });
  return chosen.length === 0 ? TARGETS : [...new Set(chosen)];
}

function chooseProfile(name: string): Profile {
  const found = PROFILES.find((profile) => profile.name === name);
  if (found === undefined) throw unknown('profile', name, namesOf(PROFILES));
  return found;
}

function checkConfigLine(line: string): string {
  if (/^CONFIG_\w+=(?:[ynm]|-?\d+|0x[\da-f]+|".*")$/i.test(line) || /^# CONFIG_\w+ is not set$/.test(line)) return line;
  throw usageError('KCONFIG_LINE_BAD', `"${line}" is no config line.`, 'Write it like CONFIG_KASAN=y.');
}

function chooseLie(name: string | undefined): number {
  const found = (LIES as readonly string[]).indexOf(name ?? 'none');
  if (found < 0) throw unknown('lie', name ?? '', LIES);
  return found;
}

function chooseChecks(clauseGlobs: readonly string[], pathGlobs: readonly string[]): CatalogueCell[] {
  const paths = commas(pathGlobs).map((name) => {
    const found = PATHS.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw unknown('path', name, PATHS);
    return found;
  });
  const all = CATALOGUE.flatMap((group) => group.clauses);
  const globs = commas(clauseGlobs);
  const chosen = new Set<Clause>(globs.length === 0 ? all : []);
  for (const glob of globs) {
    const found = findClauses([glob]);
    if (found.length === 0)
      throw unknown(
        'clause',
        glob,
        all.map((clause) => clause.id),
      );
    for (const clause of found) chosen.add(clause);
  }
  const checks = cellsFor(
    all.filter((clause) => chosen.has(clause)),
    paths,
  );
  if (checks.length === 0)
    throw usageError(
      'NOTHING_CHOSEN',
      `No cell is left of --clause "${globs.join(',')}" and --path "${paths.join(',')}".`,
      'Run "mmapvet list clauses" to see which clause has which path.',
    );
  return checks;
}
