/** `--build-dir`: a kernel that the user has built. Nothing is written there; module and probes are built beside it. */
import { hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../core/disk.ts';
import type { KernelIdentity } from '../core/events.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import { cacheFolder } from '../core/paths.ts';
import type { BuildKeys, BuildOptions, BuildResult } from './build.ts';
import { keyOf, lockFor } from './cache.ts';
import { planBuildCommands, type BuildCommands } from './commands.ts';
import { readWantedConfig, requireNeeded } from './config.ts';
import { tell, type KernelContext } from './context.ts';
import { readGitTree } from './git.ts';
import { buildGuestCode, findGuestCode, guestSourceKey, hasHook, probeFeatures, requireDriverFolder } from './guest.ts';
import { inStage } from './stage.ts';
import { findToolchain, type Toolchain } from './toolchain.ts';
import { versionOfTree } from './version.ts';

/**
 * Who the kernel in a build folder is: its source by kbuild's `source` link, or the folder itself where it was built in place.
 * @throws MmapvetError BUILD_DIR_LACKS
 */
export async function identifyBuildDir(folder: string, signal?: AbortSignal): Promise<KernelIdentity> {
  const source = await sourceOf(folder);
  const version = source === null ? null : await versionOfTree(source);
  if (source === null || version === null)
    throw usageError(
      'BUILD_DIR_LACKS',
      `"${folder}" does not say where the kernel's source is (no link "source").`,
      'Give the folder that a kernel was built in, with its source still in place.',
    );
  const git = await readGitTree(source, signal);
  return {
    source: folder,
    version: version.text,
    commit: git?.commit ?? null,
    packageVersion: null,
    dirty: (git?.modified ?? 0) > 0,
    series: [],
  };
}

async function sourceOf(folder: string): Promise<string | null> {
  if ((await versionOfTree(folder)) !== null) return folder;
  return realpath(join(folder, 'source')).catch(() => null);
}

/**
 * @throws MmapvetError BUILD_DIR_LACKS, BUILD_DIR_CONFIG, DRIVER_DOES_NOT_FIT, PROBES_FAILED
 */
export async function useBuildDir(folder: string, options: BuildOptions, context: KernelContext): Promise<BuildResult> {
  try {
    return await use(folder, options, context);
  } catch (error) {
    throw diskError(error, cacheFolder());
  }
}

interface BuildFolder {
  readonly keys: BuildKeys;
  readonly config: string;
  readonly toolchain: Toolchain;
}

/** @throws MmapvetError BUILD_DIR_LACKS, BUILD_DIR_CONFIG */
async function inspect(folder: string, options: BuildOptions, context: KernelContext): Promise<BuildFolder> {
  const { target, profile, driver } = options;
  if (driver !== undefined) await requireDriverFolder(driver);
  const wanted = await readWantedConfig(target, profile, options.kconfigAdd, undefined);
  const config = await requireNeeded(wanted, folder);
  const files = requireFiles(folder, [
    target.arch.kernelImage,
    'vmlinux',
    'Module.symvers',
    'include/config/kernel.release',
  ]);
  const choice = { arch: target.arch, makeOptions: options.makeOptions, crossCompile: options.crossCompile };
  const toolchain = await findToolchain(choice, context.signal);
  // Hashing vmlinux would take longer than building the module.
  const stamps = files.map((file) => `${statSync(file).size} ${statSync(file).mtimeMs}`);
  const key = keyOf('build-dir', await realpath(folder), stamps, config, toolchain.identity);
  const guestKey = keyOf('guest', key, await guestSourceKey(driver));
  return { keys: { key, guestKey, compiler: toolchain.compiler }, config, toolchain };
}

/** As buildKeys() of build.ts. */
export async function buildDirKeys(folder: string, options: BuildOptions, context: KernelContext): Promise<BuildKeys> {
  return (await inspect(folder, options, context)).keys;
}

async function use(folder: string, options: BuildOptions, context: KernelContext): Promise<BuildResult> {
  const { target, profile, driver } = options;
  const { keys, config, toolchain } = await inspect(folder, options, context);
  const { key: kernelKey, guestKey } = keys;
  const out = join(cacheFolder(), 'build-dirs', kernelKey);
  const source = (await sourceOf(folder)) ?? folder;
  const commands: BuildCommands = planBuildCommands({
    arch: target.arch,
    paths: { source, objects: folder, guestOut: out },
    make: toolchain.make,
    jobs: context.jobs,
    fragments: [],
    kconfig: undefined,
  });
  return inStage<BuildResult>('build', target.name, folder, context, async () => {
    let code = await findGuestCode(guestKey);
    const reused = code !== null;
    if (code === null) {
      const cache = { signal: context.signal, onWait: (text: string) => tell(context, text) };
      await using _lock = await lockFor(`build-dir-${kernelKey}`, `the module for "${folder}"`, cache);
      await mkdir(out, { recursive: true });
      const places = { source, objects: folder, out, target: target.name, driver };
      const features = await probeFeatures(commands, places, toolchain, context);
      if (!hasHook(features)) return { value: { kind: 'no-hook', features } as const };
      code = await buildGuestCode(guestKey, commands, places, toolchain, context, cache, features, null);
    }
    const identity = {
      target: target.name,
      profile: profile.name,
      ...keys,
      configHash: hash('sha256', config),
      release: (await readFile(join(folder, 'include/config/kernel.release'), 'utf8')).trim(),
      reused: true,
    };
    const build = {
      ...code,
      identity,
      kernel: join(folder, target.arch.kernelImage),
      vmlinux: join(folder, 'vmlinux'),
      systemMap: join(folder, 'System.map'),
      config: join(folder, '.config'),
      symvers: join(folder, 'Module.symvers'),
      gcov: null,
    };
    return { value: { kind: 'built', build } as const, reused };
  });
}

function requireFiles(folder: string, names: readonly string[]): string[] {
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length === 0) return names.map((name) => join(folder, name));
  throw new MmapvetError('BUILD_DIR_LACKS', `"${folder}" lacks "${missing.join('", "')}".`, {
    blame: 'usage',
    hint: 'Build the kernel there first: make, and make modules.',
  });
}
