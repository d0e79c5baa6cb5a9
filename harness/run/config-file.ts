/**
 * `mmapvet.yaml`: the nearest one from the current folder up to the top of its repository, and the user's own in
 * `$XDG_CONFIG_HOME/mmapvet`. Both count. A file in a tree may be anybody's: it says what can be vetted, by name; what
 * this machine does for it (jobs, space, words for make and QEMU, programs that fetch mail) only the user's own says, and
 * a name in the user's own file can't be taken by another.
 */
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DEFAULT_TARGETS, PROFILES } from '../core/arch.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import { configFolder } from '../core/paths.ts';
import { suggestHint } from '../core/suggest.ts';
import { NO_CONFIG, type Config, type MatrixJob, type NamedKernel } from './config.ts';
import type { ConfigFile } from './config-schema.ts';
import type { KeyPath, ReadConfig } from './config-yaml.ts';

const NAME = 'mmapvet.yaml';
const MOST_BYTES = 1 << 20;

export const ownConfigFile = (): string => join(configFolder(), NAME);

interface Found {
  readonly file: string;
  readonly isOwn: boolean;
}

/**
 * The files that count for a folder, the nearest first.
 * @param named `--config`: stands in for the one of the folder
 */
export function findConfigFiles(cwd: string, named?: string): Found[] {
  const own = ownConfigFile();
  const project =
    named === undefined
      ? foldersUpToTop(cwd)
          .map((folder) => join(folder, NAME))
          .find((file) => file !== own && existsSync(file))
      : resolve(cwd, named);
  return [
    ...(project === undefined || project === own ? [] : [{ file: project, isOwn: false }]),
    ...(existsSync(own) ? [{ file: own, isOwn: true }] : []),
  ];
}

/** Outside of any repository only the folder itself: what lies above is nobody knows whose. */
function foldersUpToTop(cwd: string): string[] {
  const folders: string[] = [];
  for (let at = resolve(cwd); ; at = dirname(at)) {
    folders.push(at);
    if (existsSync(join(at, '.git'))) return folders;
    if (dirname(at) === at) return folders.slice(0, 1);
  }
}

/** @throws MmapvetError CONFIG_BAD, CONFIG_NOT_HERE, CONFIG_UNREADABLE */
export async function loadConfig(cwd: string, named?: string): Promise<Config> {
  const found = findConfigFiles(cwd, named);
  // YAML and its checks take longer to load than most commands to run.
  if (found.length === 0) return NO_CONFIG;
  const { parseConfig } = await import('./config-yaml.ts');
  const { parseSize } = await import('./config-schema.ts');
  const read = await Promise.all(
    found.map(async (each) => ({ ...each, ...parseConfig(await readText(each.file), each.file) })),
  );
  for (const each of read) {
    if (!each.isOwn) refuseOwn(each);
    const taken = PROFILES.find(({ name }) => Object.hasOwn(each.data.profiles ?? {}, name));
    if (taken !== undefined)
      throw usageError(
        'CONFIG_BAD',
        `${each.whereIs(['profiles', taken.name])}: The profile "${taken.name}" is built in.`,
        'Choose another name.',
      );
  }
  const limits = Object.assign({}, ...read.toReversed().map(({ data }) => data.limits ?? {})) as NonNullable<
    ConfigFile['limits']
  >;
  const own = read.find(({ isOwn }) => isOwn)?.data;
  const config: Config = {
    files: found.map(({ file }) => file),
    kernels: new Map(
      read.flatMap(({ data, file }) =>
        Object.entries(data.kernels ?? {}).map(([name, kernel]) => [name, kernelOf(kernel, file)] as const),
      ),
    ),
    targets: read.find(({ data }) => data.targets !== undefined)?.data.targets ?? [],
    profiles: new Map(read.flatMap(({ data }) => Object.entries(data.profiles ?? {}))),
    timeout: limits.timeout,
    jobs: limits.jobs,
    guests: limits.guests,
    cacheMax: limits.cacheMax === undefined ? undefined : (parseSize(String(limits.cacheMax)) ?? undefined),
    matrix: [],
    own: {
      makeOptions: own?.makeOptions,
      crossCompile: own?.crossCompile,
      kernelArgs: own?.kernelArgs,
      qemuArgs: own?.qemuArgs,
    },
  };
  return { ...config, matrix: read.flatMap((each) => unfold(each, config)) };
}

async function readText(file: string): Promise<string> {
  const found = statSync(file, { throwIfNoEntry: false });
  const cannot = (why: string, cause?: unknown): MmapvetError =>
    new MmapvetError('CONFIG_UNREADABLE', `"${file}" can't be read: ${why}.`, {
      blame: 'usage',
      hint: 'Mend or remove it.',
      cause,
    });
  if (found === undefined) throw cannot('there is no such file');
  if (!found.isFile()) throw cannot('it is no file');
  if (found.size > MOST_BYTES) throw cannot(`it has ${found.size} bytes`);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw cannot((error as NodeJS.ErrnoException).code ?? 'it fails', error);
  }
}

const OWN_KEYS: readonly KeyPath[] = [
  ['limits', 'jobs'],
  ['limits', 'guests'],
  ['limits', 'cacheMax'],
  ['makeOptions'],
  ['crossCompile'],
  ['kernelArgs'],
  ['qemuArgs'],
];

const valueAt = (data: unknown, path: KeyPath): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], data);

/** @throws MmapvetError CONFIG_NOT_HERE */
function refuseOwn({ data, whereIs }: ReadConfig): void {
  const refuse = (path: KeyPath, what: string): never => {
    throw usageError(
      'CONFIG_NOT_HERE',
      `${whereIs(path)}: ${what} can't be set in a file that lies in a tree: it could be anybody's.`,
      `Move it to "${ownConfigFile()}", or give it as a flag.`,
    );
  };
  const path = OWN_KEYS.find((candidate) => valueAt(data, candidate) !== undefined);
  if (path !== undefined) refuse(path, `"${path.join('.')}"`);
  for (const [name, kernel] of Object.entries(data.kernels ?? {}))
    for (const [index, patch] of (kernel.patches ?? []).entries())
      if (patch.startsWith('b4:')) refuse(['kernels', name, 'patches', index], 'A patch that b4 fetches');
  for (const [name, profile] of Object.entries(data.profiles ?? {}))
    for (const [index, line] of profile.kconfig.entries())
      // make expands what stands in a config's texts.
      if (line.includes('"')) refuse(['profiles', name, 'kconfig', index], 'A config line with a text');
}

function kernelOf(kernel: NonNullable<ConfigFile['kernels']>[string], file: string): NamedKernel {
  const place = (path: string): string =>
    path.startsWith('deb:') || path.startsWith('b4:')
      ? path
      : resolve(dirname(file), path.startsWith('~/') ? join(homedir(), path.slice(2)) : path);
  return {
    source: place(kernel.source),
    patches: (kernel.patches ?? []).map(place),
    range: kernel.range,
    from: file,
  };
}

/** The matrix line by line, every name looked up. @throws MmapvetError CONFIG_BAD */
function unfold({ data, whereIs }: ReadConfig, config: Config): MatrixJob[] {
  const check = (known: readonly string[], noun: string, path: KeyPath, name: string): void => {
    if (!known.includes(name))
      throw usageError(
        'CONFIG_BAD',
        `${whereIs(path)}: There is no ${noun} "${name}".`,
        known.length === 0 ? `Add it under "${noun}s".` : suggestHint(name, known, `${noun}s`),
      );
  };
  const kernels = [...config.kernels.keys()];
  const profiles = [...PROFILES.map(({ name }) => name), ...config.profiles.keys()];
  const defaults = config.targets.length > 0 ? config.targets : DEFAULT_TARGETS.map(({ name }) => name);
  return (data.matrix ?? []).flatMap((line, row) => {
    line.kernels.forEach((name, index) => check(kernels, 'kernel', ['matrix', row, 'kernels', index], name));
    line.profiles?.forEach((name, index) => check(profiles, 'profile', ['matrix', row, 'profiles', index], name));
    return line.kernels.flatMap((kernel) =>
      (line.targets ?? defaults).flatMap((target) =>
        (line.profiles ?? ['base']).map((profile) => ({ kernel, target, profile })),
      ),
    );
  });
}
