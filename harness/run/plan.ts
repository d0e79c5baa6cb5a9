/**
 * From what the user typed to a plan: every name resolved, every number checked, nothing on disk touched. A plan that
 * was made is a plan that can be tried.
 */
import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CATALOGUE, cellsFor, type CatalogueCell } from '../contract/catalogue.ts';
import { DRIVER_PATHS, type ClauseGroup } from '../contract/clause.ts';
import { LIES } from '../contract/lies.ts';
import { ownGroup } from '../contract/own.ts';
import { HOST_TARGET, programsOn, type SuiteProgram } from '../contract/suites.ts';
import { B4_PREFIX } from '../kernel/b4.ts';
import { parseRange } from '../kernel/range.ts';
import { DEFAULT_TARGETS, PROFILES, TARGETS, withCoverage, type Profile, type Target } from '../core/arch.ts';
import { usageError } from '../core/errors.ts';
import { splitWords } from '../core/words.ts';
import type { Isolation } from './batches.ts';
import { chooseCells, choosePaths, commas, unknown } from './choose.ts';
import type { OwnProbe } from './own-probe.ts';
import { KERNEL_NAME, NO_CONFIG, type Config, type NamedKernel } from './config.ts';

export interface BuildPlan {
  /** As given; undefined is the default. */
  readonly kernel: string | undefined;
  /** Files, folders, `b4:` ids. */
  readonly patches: readonly string[];
  /** `base..tip` of the kernel's git tree. */
  readonly range: string | undefined;
  readonly fuzz: number;
  readonly targets: readonly Target[];
  /** With `coverage`, one that counts. */
  readonly profile: Profile;
  /** Which lines run is counted, of what the series changes and of the mmap path. */
  readonly coverage: boolean;
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
  /** The kernel's own tests, beside the clauses. */
  readonly programs: readonly SuiteProgram[];
  readonly isolate: Isolation;
  /** Guests are booted, never restored. */
  readonly boot: boolean;
  /** How often each cell is run. */
  readonly repeats: number;
  /** How often a failed cell is run again on fresh guests. */
  readonly confirm: number;
  /** The most guests at once, as the config has it. */
  readonly guests: number | undefined;
  readonly probeSeconds: number;
  /** A guest that says nothing for so long is asked whether it lives, in ms. */
  readonly silenceMs: number;
  /** For the whole run, in ms; null for no limit. */
  readonly globalMs: number | null;
  /** What J09 draws its operations from; null lets the probe choose. */
  readonly seed: number | null;
  readonly strict: boolean;
  /** Show where the time went. */
  readonly timing: boolean;
  readonly keepGuest: boolean;
  readonly lie: number;
  readonly output: string | undefined;
  /** Another file than our own allow.yaml. */
  readonly allow: string | undefined;
  /** Record what X clauses do in this run. */
  readonly update: boolean;
  /** A probe of the user's own in place of ours. */
  readonly own: OwnProbe | null;
}

/** Option values as the parser gives them: by long name in camel case. */
export type PlanValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export function planBuild(values: PlanValues, config: Config = NO_CONFIG): BuildPlan {
  const flagged = [...many(values['target']), ...many(values['arch'])];
  const targets = chooseTargets(flagged.length > 0 ? flagged : config.targets);
  const kernel = chooseKernel(one(values['kernel']), config);
  const profile = chooseProfile(one(values['profile']) ?? 'base', config);
  const patches = [...kernel.patches, ...many(values['patch']).map(patchName)];
  const range = one(values['range']) ?? kernel.range;
  const buildDir = one(values['buildDir']);
  if (buildDir !== undefined && targets.length !== 1)
    throw usageError(
      'BUILD_DIR_TARGETS',
      `"--build-dir ${buildDir}" is one kernel, but ${targets.length} targets are asked for.`,
      'Add --target with the one that it was built for.',
    );
  if (buildDir !== undefined && (patches.length > 0 || range !== undefined))
    throw usageError(
      'BUILD_DIR_PATCH',
      `"--build-dir ${buildDir}" is a kernel that is built already: no patch can be applied to it.`,
      'Give its source with --kernel instead.',
    );
  if (range !== undefined) parseRange(range);
  const makeOptions = splitWords(one(values['makeOptions']) ?? config.own.makeOptions ?? '');
  const coverage = values['coverage'] === true;
  if (coverage) requireCountable(buildDir, makeOptions);
  return {
    kernel: kernel.source,
    patches,
    range,
    fuzz: number(values['fuzz'], '--fuzz', 0, 3) ?? 0,
    targets,
    profile: coverage ? withCoverage(profile.profile) : profile.profile,
    coverage,
    kconfigAdd: [...profile.kconfig, ...many(values['kconfigAdd']).map(checkConfigLine)],
    kconfig: path(values['kconfig']),
    makeOptions,
    crossCompile: one(values['crossCompile']) ?? config.own.crossCompile,
    ccacheRemote: one(values['ccacheRemote']),
    jobs: number(values['jobs'], '--jobs', 1, 4096) ?? config.jobs ?? availableParallelism(),
    buildDir: path(values['buildDir']),
    driver: path(values['driver']),
    guestDebs: path(values['guestDebs']),
    kernelArgs: [
      ...profile.profile.kernelArgs,
      ...splitWords(one(values['kernelArgs']) ?? config.own.kernelArgs ?? ''),
    ],
    qemuArgs: splitWords(one(values['qemuArgs']) ?? config.own.qemuArgs ?? ''),
    accel: (one(values['accel']) ?? 'auto') as BuildPlan['accel'],
  };
}

/** @param own the user's own probe, whose one clause is checked in place of the catalogue's */
export function planRun(values: PlanValues, config: Config = NO_CONFIG, own: OwnProbe | null = null): RunPlan {
  const lie = chooseLie(one(values['driverLie']));
  const update = values['update'] === true;
  const probeSeconds = number(values['timeout'], '--timeout', 1, 86_400) ?? config.timeout ?? 30;
  if (update && lie !== 0)
    throw usageError('UPDATE_LIE', '"--update" would record what a lying driver says.', 'Leave out --driver-lie.');
  const build = planBuild(values, config);
  const cells =
    own === null
      ? chooseCells(many(values['group']), many(values['clause']), many(values['path']), build.profile)
      : { checks: ownChecks(own, values['path']), programs: [] };
  const guests = cells.checks.length > 0 || programsOn(cells.programs, HOST_TARGET).length < cells.programs.length;
  return {
    ...build,
    ...cells,
    // What runs on this machine alone needs no kernel built.
    targets: guests ? build.targets : [],
    // A guest that is kept is one guest.
    isolate: values['keepGuest'] === true ? 'none' : ((one(values['isolate']) ?? 'group') as Isolation),
    boot: values['boot'] === true,
    repeats: number(values['repeat'], '--repeat', 1, 1000) ?? 1,
    confirm: values['keepGuest'] === true ? 0 : (number(values['confirm'], '--confirm', 0, 100) ?? 2),
    guests: config.guests,
    probeSeconds,
    silenceMs: 1000 * (number(values['silence'], '--silence', 1, 86_400) ?? Math.max(60, probeSeconds + 30)),
    globalMs: inMs(number(values['globalTimeout'], '--global-timeout', 1, 86_400 * 7)),
    seed: number(values['seed'], '--seed', 1, 2 ** 32 - 1) ?? null,
    strict: values['strict'] === true,
    timing: values['timing'] === true,
    keepGuest: values['keepGuest'] === true,
    lie,
    output: path(values['output']),
    allow: path(values['allow']),
    update,
    own,
  };
}

/** The clauses that a plan's checks are of. */
export const catalogueOf = ({ own }: Pick<RunPlan, 'own'>): readonly ClauseGroup[] =>
  own === null ? CATALOGUE : [ownGroup(own.title)];
const inMs = (seconds: number | undefined): number | null => (seconds === undefined ? null : seconds * 1000);

/** @throws MmapvetError COVERAGE_BUILD_DIR, COVERAGE_COMPILER (usage) */
function requireCountable(buildDir: string | undefined, makeOptions: readonly string[]): void {
  if (buildDir !== undefined)
    throw usageError(
      'COVERAGE_BUILD_DIR',
      `"--build-dir ${buildDir}" is a kernel that is built already: it can't be made to count.`,
      'Give its source with --kernel, or leave out --coverage.',
    );
  const clang = makeOptions.find((word) => /^(?:LLVM=(?!0?$)|CC=.*clang)/.test(word));
  if (clang !== undefined)
    throw usageError(
      'COVERAGE_COMPILER',
      `"--make-options ${clang}" builds with clang, whose counters are not read yet.`,
      'Leave out --coverage, or build with gcc.',
    );
}

const one = (value: PlanValues[string]): string | undefined => (typeof value === 'string' ? value : undefined);
const path = (value: PlanValues[string]): string | undefined =>
  typeof value === 'string' ? resolve(value) : undefined;
const many = (value: PlanValues[string]): readonly string[] => (Array.isArray(value) ? value : []);

function number(value: PlanValues[string], flag: string, least: number, most: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const parsed = Number(value);
  if (!/^\d+$/.test(value) || parsed < least || parsed > most)
    throw usageError('NUMBER_BAD', `"${flag} ${value}" is no whole number from ${least} to ${most}.`, 'Give a number.');
  return parsed;
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
  return chosen.length === 0 ? DEFAULT_TARGETS : [...new Set(chosen)];
}

/** One of ours, or one of the config file: that of ours which it extends, with its name and lines. */
function chooseProfile(
  name: string,
  config: Config,
): { readonly profile: Profile; readonly kconfig: readonly string[] } {
  const own = PROFILES.find((profile) => profile.name === name);
  if (own !== undefined) return { profile: own, kconfig: [] };
  const named = config.profiles.get(name);
  if (named === undefined) throw unknown('profile', name, [...namesOf(PROFILES), ...config.profiles.keys()]);
  const base = PROFILES.find((profile) => profile.name === named.extends)!;
  return { profile: { ...base, name }, kconfig: named.kconfig.map(checkConfigLine) };
}

type ChosenKernel = Pick<NamedKernel, 'patches' | 'range'> & { readonly source: string | undefined };

/** What `--kernel` names: a name of the config file, else what parseKernelSpec reads. */
function chooseKernel(name: string | undefined, config: Config): ChosenKernel {
  const plain = { source: name, patches: [], range: undefined };
  if (name === undefined || config.kernels.size === 0 || !KERNEL_NAME.test(name)) return plain;
  const named = config.kernels.get(name);
  const isPath = existsSync(resolve(name));
  if (named !== undefined && isPath)
    throw usageError(
      'KERNEL_AMBIGUOUS',
      `"${name}" is a kernel of "${named.from}", and a file or folder here.`,
      `Write "./${name}" for what lies here, or give the kernel another name.`,
    );
  if (named === undefined && !isPath) throw unknown('kernel', name, [...config.kernels.keys()]);
  return named ?? plain;
}

const patchName = (name: string): string => (name.startsWith(B4_PREFIX) ? name : resolve(name));

function checkConfigLine(line: string): string {
  if (/^CONFIG_\w+=(?:[ynm]|-?\d+|0x[\da-f]+|".*")$/i.test(line) || /^# CONFIG_\w+ is not set$/.test(line)) return line;
  throw usageError('KCONFIG_LINE_BAD', `"${line}" is no config line.`, 'Write it like CONFIG_KASAN=y.');
}

function chooseLie(name: string | undefined): number {
  const found = (LIES as readonly string[]).indexOf(name ?? 'none');
  if (found < 0) throw unknown('lie', name ?? '', LIES);
  return found;
}

/** Directly, where no path is asked for. */
function ownChecks({ kind, title }: OwnProbe, value: PlanValues[string]): CatalogueCell[] {
  const paths = choosePaths(many(value), DRIVER_PATHS);
  if (kind === 'program' && paths.length > 0)
    throw usageError(
      'PROBE_PATH',
      `"${title}" has a main(): it chooses by itself which way to the driver it takes, so "--path ${paths.join(',')}" means nothing.`,
      'Leave out --path, or write it with probe.h.',
    );
  return cellsFor(ownGroup(title).clauses, paths.length === 0 ? ['direct'] : paths);
}
