/** The commands of one build, as data: what `--dry-run` prints is what runs. All pure. */
import { join } from 'node:path';
import type { Arch } from '../core/arch.ts';

export interface BuildPaths {
  /** Our own copy of the source. */
  readonly source: string;
  /** The object folder, outside of it. */
  readonly objects: string;
  /** What module, probes and features.txt are made in, from the copies that lie there too. */
  readonly guestOut: string;
}

export interface CommandInputs {
  readonly arch: Arch;
  readonly paths: BuildPaths;
  /** Words for make, from the toolchain. */
  readonly make: readonly string[];
  readonly jobs: number;
  /** Fragment files in order, the user's additions last. */
  readonly fragments: readonly string[];
  /** The user's own `.config`, in place of tinyconfig. */
  readonly kconfig: string | undefined;
}

export interface BuildCommand {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
}

export interface BuildCommands {
  /** Merges the fragments; the result, `mergedConfig`, is not complete yet. */
  readonly merge: BuildCommand;
  /** Completes it to `.config`. */
  readonly configure: BuildCommand;
  /** Enough of a kernel to compile the feature probes against. */
  readonly prepare: BuildCommand;
  readonly features: BuildCommand;
  readonly kernel: BuildCommand;
  readonly guest: BuildCommand;
}

export const mergeFolder = (objects: string): string => join(objects, 'mmapvet-merge');
export const mergedConfig = (objects: string): string => join(mergeFolder(objects), '.config');

/** Copies of guest/ and of an adapted driver: make splits paths at blanks, and the project may lie below one. */
export const stagedGuest = (guestOut: string): string => join(guestOut, 'source');
export const stagedDriver = (guestOut: string): string => join(guestOut, 'source/driver');

/** What `make tinyconfig` starts from, below the source. */
const TINY = ['kernel/configs/tiny-base.config', 'kernel/configs/tiny.config'];

export function planBuildCommands(inputs: CommandInputs): BuildCommands {
  const { arch, paths, jobs, fragments, kconfig } = inputs;
  const make = (...goals: readonly string[]): BuildCommand['command'] => [
    'make',
    '-C',
    paths.source,
    `O=${paths.objects}`,
    `-j${jobs}`,
    ...inputs.make,
    ...goals,
  ];
  const guestMake = (...goals: readonly string[]): BuildCommand['command'] => [
    'make',
    '-C',
    stagedGuest(paths.guestOut),
    `KDIR=${paths.objects}`,
    `OUT=${paths.guestOut}`,
    `-j${jobs}`,
    ...inputs.make,
    ...goals,
  ];
  const at = (title: string, command: BuildCommand['command']): BuildCommand => ({ title, command, cwd: paths.source });
  const base = kconfig === undefined ? TINY : [kconfig];
  return {
    merge: at('merge the config fragments', [
      'sh',
      'scripts/kconfig/merge_config.sh',
      '-m',
      '-O',
      mergeFolder(paths.objects),
      ...base,
      ...fragments,
    ]),
    configure: at(
      'complete the config',
      // What nobody asked for is off, but for a config of the user's, which goes by the kernel's defaults.
      make(`KCONFIG_ALLCONFIG=${mergedConfig(paths.objects)}`, kconfig === undefined ? 'allnoconfig' : 'alldefconfig'),
    ),
    prepare: at('prepare for modules', make('modules_prepare')),
    features: at('look for features', guestMake('features')),
    kernel: at('build the kernel', make(...arch.kernelGoals, 'modules')),
    guest: at('build driver and probes', guestMake('all', 'init')),
  };
}

export const listCommands = (commands: BuildCommands): BuildCommand[] => Object.values(commands) as BuildCommand[];
