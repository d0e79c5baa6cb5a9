/**
 * Facts about architectures and targets, as data: no other file asks which architecture it is on.
 */
export interface Arch {
  readonly name: 'x86_64' | 'arm64';
  /** `ARCH=` of the kernel's make. */
  readonly makeArch: string;
  /** What `process.arch` says on a host of this architecture. */
  readonly nodeArch: NodeJS.Architecture;
  /** Debian's name. */
  readonly debian: string;
  /** The folder below usr/lib of Debian's libraries, and the dynamic loader's path that every program names. */
  readonly triplet: string;
  readonly loader: string;
  /** The prefix of Debian's cross compiler, used on a host of another architecture. */
  readonly crossCompile: string;
  /** `e_machine` of its ELF files. */
  readonly elfMachine: number;
  /** Make goals that build what QEMU boots, and the file, below the build folder. */
  readonly kernelGoals: readonly string[];
  readonly kernelImage: string;
}

const X86_64: Arch = Object.freeze({
  name: 'x86_64',
  makeArch: 'x86_64',
  nodeArch: 'x64',
  debian: 'amd64',
  triplet: 'x86_64-linux-gnu',
  loader: 'lib64/ld-linux-x86-64.so.2',
  crossCompile: 'x86_64-linux-gnu-',
  elfMachine: 62,
  // vmlinux has a PVH entry point: QEMU boots it without a decompressor (1.5 s faster under emulation).
  kernelGoals: ['vmlinux'],
  kernelImage: 'vmlinux',
});

const ARM64: Arch = Object.freeze({
  name: 'arm64',
  makeArch: 'arm64',
  nodeArch: 'arm64',
  debian: 'arm64',
  triplet: 'aarch64-linux-gnu',
  loader: 'lib/ld-linux-aarch64.so.1',
  crossCompile: 'aarch64-linux-gnu-',
  elfMachine: 183,
  kernelGoals: ['Image'],
  kernelImage: 'arch/arm64/boot/Image',
});

export const ARCHS: readonly Arch[] = Object.freeze([X86_64, ARM64]);

export interface Target {
  readonly name: string;
  readonly arch: Arch;
  readonly aliases: readonly string[];
  /** Part of a run that names no target. */
  readonly byDefault: boolean;
  /** Fragments of kernel-config/ that this target adds to its profile's, by name without `.config`. */
  readonly fragments: readonly string[];
  /** Further ones, each beside a fragment of the profile's: what that one needs on this architecture alone. */
  readonly beside: Readonly<Record<string, readonly string[]>>;
}

export const TARGETS: readonly Target[] = Object.freeze([
  {
    name: 'x86_64',
    arch: X86_64,
    aliases: ['x86', 'x86-64', 'amd64', 'x64'],
    byDefault: true,
    fragments: ['x86_64'],
    beside: { bare: ['x86_64-bare'], users: ['x86_64-users'] },
  },
  { name: 'arm64', arch: ARM64, aliases: ['aarch64', 'arm'], byDefault: true, fragments: ['arm64'], beside: {} },
  {
    name: 'arm64-16k',
    arch: ARM64,
    aliases: ['aarch64-16k'],
    byDefault: false,
    fragments: ['arm64', 'page-16k'],
    beside: {},
  },
  {
    name: 'arm64-64k',
    arch: ARM64,
    aliases: ['aarch64-64k'],
    byDefault: false,
    fragments: ['arm64', 'page-64k'],
    beside: {},
  },
]);

export const DEFAULT_TARGETS: readonly Target[] = Object.freeze(TARGETS.filter((target) => target.byDefault));

export interface Profile {
  readonly name: string;
  readonly fragments: readonly string[];
  readonly summary: string;
  /** Lists of Debian packages that its guests are made of: files of guest/rootfs, by name without `.json`. */
  readonly packages: readonly string[];
  /** What its kernels are booted with besides. */
  readonly kernelArgs: readonly string[];
}

/**
 * The allocator's per-CPU sheaves (mm/slub.c) keep the pointers of what they gave out, and kmemleak takes them for users of
 * it: a leak stays unseen. Caches with a debug flag have no sheaves; consistency checks are the cheapest one.
 */
const ALL_LEAKS = 'slub_debug=F';

export const PROFILES: readonly Profile[] = Object.freeze([
  {
    name: 'base',
    fragments: ['base', 'debug'],
    summary: 'lean, with the debug checks that every run wants',
    packages: ['packages'],
    kernelArgs: [],
  },
  {
    name: 'asan',
    fragments: ['base', 'debug', 'asan'],
    summary: 'memory errors and leaks: KASAN, kmemleak, page table checks; no lock checks',
    packages: ['packages'],
    // Without it a kernel reports its first memory error only, and the clauses after it would look clean.
    kernelArgs: ['kasan_multi_shot', ALL_LEAKS],
  },
  {
    name: 'bare',
    fragments: ['base', 'bare'],
    summary: 'no debug checks: verdicts must not rest on them',
    packages: ['packages'],
    kernelArgs: [],
  },
  {
    name: 'users',
    fragments: ['base', 'debug', 'users'],
    summary: "the kernel's own users of the hooks, and kmemleak",
    packages: ['packages', 'users-packages'],
    kernelArgs: [ALL_LEAKS],
  },
]);

/** The same with counters of what runs, under a name of its own: its kernels are others. */
export const withCoverage = (profile: Profile): Profile => ({
  ...profile,
  name: `${profile.name}-gcov`,
  fragments: [...profile.fragments, 'gcov'],
});

/** The fragments of a kernel for a target under a profile, in the order that they are merged in. */
export function fragmentsFor(
  target: Pick<Target, 'fragments' | 'beside'>,
  profile: Pick<Profile, 'fragments'>,
): readonly string[] {
  const beside = profile.fragments.flatMap((name) => target.beside[name] ?? []);
  return [...profile.fragments, ...target.fragments, ...beside];
}

/** The cross prefix for a target on this host: empty where the host's own compiler builds it. */
export function crossCompileFor(arch: Arch, hostArch: NodeJS.Architecture = process.arch): string {
  return arch.nodeArch === hostArch ? '' : arch.crossCompile;
}
