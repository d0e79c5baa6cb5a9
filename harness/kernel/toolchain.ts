/** Which compiler builds a target, and how make is told. */
import { join } from 'node:path';
import type { Arch } from '../core/arch.ts';
import { crossCompileFor } from '../core/arch.ts';
import { run } from '../core/exec.ts';
import { cacheFolder } from '../core/paths.ts';
import { findProgram } from '../host/find.ts';

export interface ToolchainChoice {
  readonly arch: Arch;
  /** Words of `--make-options`. */
  readonly makeOptions: readonly string[];
  /** `--cross-compile`. */
  readonly crossCompile: string | undefined;
  /** `--ccache-remote`. */
  readonly ccacheRemote?: string | undefined;
}

export interface Toolchain {
  /** Words for make: variables and the user's own options. */
  readonly make: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** First line of the compiler's `--version`. */
  readonly compiler: string;
  /** Reads what its gcc leaves for it; nothing for other compilers. */
  readonly gcov: string;
  /** All that a build's result depends on of the tools. */
  readonly identity: string;
}

const option = (words: readonly string[], name: string): string | undefined =>
  words.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

/** The command that `CC` is, by the rules of the kernel's Makefile. */
export function compilerCommand(choice: ToolchainChoice, cross: string): string {
  const given = option(choice.makeOptions, 'CC');
  if (given !== undefined) return given;
  const llvm = option(choice.makeOptions, 'LLVM');
  if (llvm === undefined || llvm === '' || llvm === '0') return `${cross}gcc`;
  if (llvm.endsWith('/')) return `${llvm}clang`;
  return llvm.startsWith('-') ? `clang${llvm}` : 'clang';
}

/** `/opt/x-gcc-13` comes with `/opt/x-gcov-13`. */
export const gcovCommand = (compiler: string): string =>
  (compiler.split(' ').at(-1) ?? '').replace(/gcc((?:-[\d.]+)?)$/, 'gcov$1');

/** clang is its own cross compiler: the prefix is for gcc, or for whoever asks for one. */
export function crossPrefix(choice: ToolchainChoice, hostArch: NodeJS.Architecture = process.arch): string {
  if (choice.crossCompile !== undefined) return choice.crossCompile;
  const given = option(choice.makeOptions, 'CROSS_COMPILE');
  if (given !== undefined) return given;
  return /clang/.test(compilerCommand(choice, '')) ? '' : crossCompileFor(choice.arch, hostArch);
}

/**
 * Make's words for a choice. -g1 is all that a splat's file:line and its inlined frames need; ten files of this kernel
 * took 27 s with it and 27 s without, and their objects grew from 1.2 to 3 MB.
 * @param ccache the program, where it is to be used
 */
export function makeWords(choice: ToolchainChoice, ccache: boolean, hostArch?: NodeJS.Architecture): string[] {
  const cross = crossPrefix(choice, hostArch);
  const compiler = compilerCommand(choice, cross);
  const hostCompiler =
    option(choice.makeOptions, 'HOSTCC') ?? (/clang/.test(compiler) ? compilerCommand(choice, '') : 'gcc');
  const wrap = ccache && !compiler.includes('ccache');
  return [
    `ARCH=${choice.arch.makeArch}`,
    ...(cross === '' ? [] : [`CROSS_COMPILE=${cross}`]),
    ...choice.makeOptions.filter((word) => !/^(ARCH|CROSS_COMPILE|O|M|KBUILD_OUTPUT|KCFLAGS)=/.test(word)),
    ['KCFLAGS=-g1', option(choice.makeOptions, 'KCFLAGS') ?? ''].join(' ').trim(),
    ...(wrap ? [`CC=ccache ${compiler}`, `HOSTCC=ccache ${hostCompiler}`] : []),
    // Set and empty: no "+" is added where the cache folder lies in a git repository.
    'LOCALVERSION=',
  ];
}

/** The same sources give the same bytes, whoever builds them when; ccache shares hits between our folders. */
export function buildEnv(cache: string = cacheFolder(), remote?: string): Record<string, string | undefined> {
  const inherited = [
    'MAKEFLAGS',
    'MAKELEVEL',
    'MFLAGS',
    'KBUILD_OUTPUT',
    'KBUILD_EXTMOD',
    'KCFLAGS',
    'KAFLAGS',
    'KCPPFLAGS',
  ];
  return {
    ...Object.fromEntries(inherited.map((name) => [name, undefined])),
    KBUILD_BUILD_TIMESTAMP: '2000-01-01',
    KBUILD_BUILD_USER: 'mmapvet',
    KBUILD_BUILD_HOST: 'mmapvet',
    KBUILD_BUILD_VERSION: '1',
    CCACHE_DIR: join(cache, 'ccache'),
    CCACHE_BASEDIR: join(cache, 'work'),
    CCACHE_NOHASHDIR: 'true',
    // Goes by the dependencies that the compiler writes anyway: a miss costs no preprocessing (a cold file took 0.97 s
    // of CPU time as plain gcc does, against 1.3 s).
    CCACHE_DEPEND: 'true',
    CCACHE_MAXSIZE: '10G',
    ...(remote === undefined ? {} : { CCACHE_REMOTE_STORAGE: remote }),
    LC_ALL: 'C',
  };
}

/** @throws MmapvetError EXEC_MISSING for a compiler that is not there */
export async function findToolchain(choice: ToolchainChoice, signal: AbortSignal): Promise<Toolchain> {
  const compiler = compilerCommand(choice, crossPrefix(choice));
  const [program = compiler, ...rest] = compiler.split(' ');
  const version = (command: readonly [string, ...string[]]): Promise<string> =>
    run(command, { signal, env: { LC_ALL: 'C' } }).then(({ stdout }) => stdout.split('\n')[0]!.trim());
  const linker = /clang/.test(compiler) ? 'ld.lld' : `${crossPrefix(choice)}ld`;
  const [compilerLine, linkerLine, ccache] = await Promise.all([
    version([program, ...rest, '--version']),
    version([linker, '--version']).catch(() => ''),
    findProgram('ccache'),
  ]);
  const make = makeWords(choice, ccache !== null);
  return {
    make,
    env: buildEnv(cacheFolder(), choice.ccacheRemote),
    compiler: compilerLine,
    gcov: gcovCommand(compiler),
    identity: [compilerLine, linkerLine, ...makeWords(choice, false)].join('\n'),
  };
}
