/** Installs what the doctor found missing, with apt, on hosts that have it. */
import { MmapvetError } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import type { Screen } from '../core/screen.ts';
import { confirm } from './confirm.ts';
import { installCommand, mend, packagesFor, type Installer } from './describe.ts';
import { checkTools, lacksOf, type Finding, type Lack } from './doctor.ts';
import { findProgram } from './find.ts';

export interface ProvisionOptions {
  readonly screen: Screen;
  /** Ask nothing (`--yes`). */
  readonly yes: boolean;
  readonly signal?: AbortSignal | undefined;
  /** The effective user, for tests. */
  readonly uid?: number;
}

export async function findInstaller(): Promise<Installer> {
  return (await findProgram('apt-get')) === null ? { kind: 'unknown' } : { kind: 'apt' };
}

/**
 * Mends what is missing or too old; does nothing, and costs nothing, where nothing is. Low memory or disk space is
 * only told: a run that finds its builds stored needs little of either.
 * @throws MmapvetError HOST_TOOLS_MISSING, HOST_NEEDS_ROOT, HOST_DECLINED, HOST_INSTALL_FAILED; the abort reason.
 */
export async function provision(findings: readonly Finding[], options: ProvisionOptions): Promise<void> {
  const { screen, yes, signal } = options;
  for (const finding of findings)
    if (finding.kind === 'low') screen.err(`mmapvet: warning: ${finding.name}: ${finding.text}\n`);

  const lacks = lacksOf(findings);
  if (lacks.length === 0) return;
  const installer = await findInstaller();
  if (installer.kind === 'unknown') throw missing(lacks, installer);
  const asRoot = await rootPrefix(options.uid ?? process.geteuid?.() ?? 0);
  if (asRoot === null)
    throw new MmapvetError('HOST_NEEDS_ROOT', `${sentence(lacks)} Installing it needs root.`, {
      hint: mend(lacks, installer),
    });

  const packages = packagesFor(lacks);
  screen.err(`mmapvet: will install Debian packages: ${packages.join(' ')}\n`);
  if (!yes && !(await confirm(screen, 'Go on?', signal)))
    throw new MmapvetError('HOST_DECLINED', 'Nothing was installed.', { hint: mend(lacks, installer) });
  signal?.throwIfAborted();
  await install(asRoot, packages);
  signal?.throwIfAborted();

  const left = lacksOf(
    await checkTools(
      lacks.map(({ requirement }) => requirement),
      signal,
    ),
  );
  if (left.length > 0) throw missing(left, installer);
}

/** What makes a command run as root, or null. Without a terminal sudo may not ask for a password. */
async function rootPrefix(uid: number): Promise<string[] | null> {
  if (uid === 0) return [];
  if ((await findProgram('sudo')) === null) return null;
  return process.stdin.isTTY ? ['sudo'] : ['sudo', '-n'];
}

/**
 * No abort signal is handed on: half an installation leaves the host's package system to be repaired, so an interrupt
 * waits for its end. (Ctrl+C on a terminal reaches apt itself, which knows where it can stop.)
 */
async function install(asRoot: readonly string[], packages: readonly string[]): Promise<void> {
  const apt = (...words: readonly string[]) => {
    const [first, ...rest] = [...asRoot, 'env', 'LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive', ...words];
    return run([first ?? 'env', ...rest]);
  };
  // A freshly started machine's own unattended upgrade may hold dpkg's lock for a while.
  const [program, ...words] = installCommand(packages);
  const installIt = [program, '-o', 'DPkg::Lock::Timeout=120', ...words];
  try {
    await apt(...installIt);
  } catch {
    // A new machine has no package lists, an old one has stale ones: apt fails early on both.
    try {
      await apt('apt-get', 'update');
      await apt(...installIt);
    } catch (error) {
      if (!(error instanceof MmapvetError)) throw error;
      throw new MmapvetError('HOST_INSTALL_FAILED', `Installing "${packages.join(' ')}" failed.`, {
        hint: `Run as root, and read what apt says: ${[program, ...words].join(' ')}`,
        details: error.details,
        cause: error,
      });
    }
  }
}

function sentence(lacks: readonly Lack[]): string {
  const names = lacks.map(({ kind, requirement }) => `"${requirement.name}"${kind === 'old' ? ' (too old)' : ''}`);
  return `This host lacks ${names.join(', ')}.`;
}

function missing(lacks: readonly Lack[], installer: Installer): MmapvetError {
  return new MmapvetError('HOST_TOOLS_MISSING', sentence(lacks), { hint: mend(lacks, installer) });
}
