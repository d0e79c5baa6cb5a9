/**
 * What a host must have, as data: what each tool is for, how it is found, which Debian packages bring it. Minimum versions
 * are those of the kernel's Documentation/process/changes.rst, and QEMU's that of Debian 12, the oldest host we try.
 * Python is not in it: no default build starts it. Nor is cpio: we write our own archives.
 */
import { ARCHS, crossCompileFor, type Arch, type Target } from '../core/arch.ts';

/** How to see that a tool is there, without starting it. */
export type Find =
  | { readonly kind: 'program'; readonly name: string }
  /** Any of these files. */
  | { readonly kind: 'file'; readonly anyOf: readonly string[] }
  /** A library that the compiler finds: asked only where none of the usual files is there. */
  | {
      readonly kind: 'library';
      readonly name: string;
      readonly compiler: string;
      readonly usual: readonly string[];
    };

export interface VersionRule {
  readonly minimum: string;
  /** Arguments that make the program print its version. */
  readonly arguments: readonly string[];
  /** Group 1 is the version. */
  readonly pattern: RegExp;
}

export interface Requirement {
  readonly name: string;
  /** Completes "needed for …". */
  readonly purpose: string;
  readonly find: Find;
  readonly version?: VersionRule;
  readonly debian: readonly string[];
  /** What to look for on another distribution. */
  readonly elsewhere: string;
}

export interface RequirementOptions {
  /** Architecture of the host, as Node names it. */
  readonly hostArch?: NodeJS.Architecture;
  /** False where the user names the compiler (`--cross-compile`, `LLVM=1`). */
  readonly compilers?: boolean;
  /** False where neither the guest's packages nor the kernel come from Debian's archive. */
  readonly archive?: boolean;
  /** True where tools/testing/vma is to be built and run on this host. */
  readonly userland?: boolean;
}

const program = (name: string): Find => ({ kind: 'program', name });

const gnu = (minimum: string, pattern: RegExp): VersionRule => ({ minimum, arguments: ['--version'], pattern });
const GCC_VERSION: VersionRule = { minimum: '8.1', arguments: ['-dumpfullversion'], pattern: /^(\d+(?:\.\d+)+)/ };
const QEMU_VERSION = gnu('7.2', /version (\d+(?:\.\d+)+)/);

function tool(
  name: string,
  purpose: string,
  more: Partial<Pick<Requirement, 'version' | 'debian' | 'elsewhere'>> = {},
): Requirement {
  return { name, purpose, find: program(name), debian: [name], elsewhere: name, ...more };
}

const BUILD: readonly Requirement[] = [
  tool('gcc', "the kernel's own build tools", { version: GCC_VERSION }),
  tool('ld', 'linking', {
    version: gnu('2.30', /^GNU ld.* (\d+(?:\.\d+)+)/),
    debian: ['binutils'],
    elsewhere: 'binutils',
  }),
  {
    name: 'libc headers',
    purpose: "the kernel's own build tools",
    find: { kind: 'file', anyOf: ['/usr/include/stdio.h'] },
    debian: ['libc6-dev'],
    elsewhere: 'the C library with its headers',
  },
  tool('make', 'kernel builds', { version: gnu('4.0', /^GNU Make (\d+(?:\.\d+)+)/) }),
  tool('flex', "the kernel's configuration", { version: gnu('2.5.35', /^flex (\d+(?:\.\d+)+)/) }),
  tool('bison', "the kernel's configuration", { version: gnu('2.0', /Bison\) (\d+(?:\.\d+)+)/) }),
  tool('bc', 'kernel builds'),
  tool('perl', 'kernel builds'),
  {
    name: 'libelf headers',
    purpose: "objtool, the kernel's check of its machine code",
    find: { kind: 'file', anyOf: ['/usr/include/gelf.h', '/usr/include/libelf/gelf.h'] },
    debian: ['libelf-dev'],
    elsewhere: 'libelf (elfutils) with its headers',
  },
  {
    name: 'OpenSSL headers',
    purpose: 'kernel configurations with certificates or signed modules',
    find: { kind: 'file', anyOf: ['/usr/include/openssl/ssl.h'] },
    debian: ['libssl-dev'],
    elsewhere: 'OpenSSL with its headers',
  },
  tool('ccache', 'rebuilds in seconds'),
  tool('kmod', 'kernel modules'),
  tool('rsync', 'copies of kernel sources'),
  tool('patch', '--patch'),
  tool('xz', 'kernel tarballs', { debian: ['xz-utils'] }),
  tool('zstd', 'kernel tarballs and packages'),
  tool('setpriv', 'programs that end when mmapvet does', { debian: ['util-linux'], elsewhere: 'util-linux' }),
  tool('flock', 'locks between runs', { debian: ['util-linux'], elsewhere: 'util-linux' }),
  tool('dpkg-deb', "the guest's packages", { debian: ['dpkg'], elsewhere: 'dpkg' }),
];

const ARCHIVE: readonly Requirement[] = [
  tool('apt-get', "Debian's archive: the guest's packages, kernel sources", {
    debian: ['apt'],
    elsewhere: 'apt, or use --guest-debs DIR with --kernel DIR',
  }),
  {
    name: "Debian's keys",
    purpose: "apt's signature checks",
    find: {
      kind: 'file',
      anyOf: ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'],
    },
    debian: ['debian-archive-keyring'],
    elsewhere: 'debian-archive-keyring',
  },
  {
    name: 'CA certificates',
    purpose: 'archives over https',
    find: {
      kind: 'file',
      anyOf: ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'],
    },
    debian: ['ca-certificates'],
    elsewhere: 'ca-certificates',
  },
];

/** Only for `--group vma-userland`. */
const USERLAND: readonly Requirement[] = [
  {
    name: 'liburcu headers',
    purpose: "the kernel's tools/testing/vma",
    find: {
      kind: 'file',
      anyOf: ['/usr/include/urcu.h', ...ARCHS.map(({ triplet }) => `/usr/include/${triplet}/urcu.h`)],
    },
    debian: ['liburcu-dev'],
    elsewhere: 'liburcu (userspace-rcu) with its headers',
  },
  ...['libasan', 'libubsan'].map((name) => ({
    name,
    purpose: "the kernel's tools/testing/vma, which runs with sanitizers",
    find: { kind: 'library', name: `${name}.so`, compiler: 'gcc', usual: [] } as const,
    // Debian's compiler brings them along.
    debian: ['gcc'],
    elsewhere: `${name} of your gcc`,
  })),
];

interface ArchTools {
  readonly qemu: { readonly program: string; readonly debian: readonly string[] };
  /** Debian's packages of the compiler and the static C library for a host of another architecture. */
  readonly crossGcc: string;
  readonly crossLibc: string;
}

const ARCH_TOOLS: Readonly<Record<Arch['name'], ArchTools>> = Object.freeze({
  x86_64: {
    qemu: { program: 'qemu-system-x86_64', debian: ['qemu-system-x86'] },
    crossGcc: 'gcc-x86-64-linux-gnu',
    crossLibc: 'libc6-dev-amd64-cross',
  },
  arm64: {
    // ipxe-qemu has the network card's option ROM; for x86 it is a dependency, here only a recommendation.
    qemu: { program: 'qemu-system-aarch64', debian: ['qemu-system-arm', 'ipxe-qemu'] },
    crossGcc: 'gcc-aarch64-linux-gnu',
    crossLibc: 'libc6-dev-arm64-cross',
  },
});

function qemuFor(arch: Arch): Requirement {
  const { program: name, debian } = ARCH_TOOLS[arch.name].qemu;
  return tool(name, `${arch.name} guests`, { version: QEMU_VERSION, debian, elsewhere: `QEMU with ${name}` });
}

function compilerFor(arch: Arch, hostArch: NodeJS.Architecture): Requirement[] {
  const prefix = crossCompileFor(arch, hostArch);
  const { crossGcc, crossLibc } = ARCH_TOOLS[arch.name];
  const native = prefix === '';
  const libc: Requirement = {
    name: `static libc for ${arch.name}`,
    purpose: 'the probes, which run in the guest without any library',
    find: {
      kind: 'library',
      name: 'libc.a',
      compiler: `${prefix}gcc`,
      usual: [native ? `/usr/lib/${arch.triplet}/libc.a` : `/usr/${arch.triplet}/lib/libc.a`],
    },
    debian: [native ? 'libc6-dev' : crossLibc],
    elsewhere: `a static C library for ${prefix}gcc`,
  };
  if (native) return [libc];
  const gcc = tool(`${prefix}gcc`, `${arch.name} kernels`, { version: GCC_VERSION, debian: [crossGcc] });
  return [gcc, libc];
}

/** The tools that a run on these targets needs, each once, in the order in which a person would read them. */
export function requirementsFor(targets: readonly Target[], options: RequirementOptions = {}): Requirement[] {
  const { hostArch = process.arch, compilers = true, archive = true, userland = false } = options;
  const archs = [...new Set(targets.map((target) => target.arch))];
  return [
    ...archs.map(qemuFor),
    ...BUILD,
    ...(compilers ? archs.flatMap((arch) => compilerFor(arch, hostArch)) : []),
    ...(userland ? USERLAND : []),
    ...(archive ? ARCHIVE : []),
  ];
}
