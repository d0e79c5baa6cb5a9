/** The doctor's findings in words, and the command that mends them. */
import type { Screen } from '../core/screen.ts';
import { lacksOf, type Finding, type Lack } from './doctor.ts';

/** How this host installs packages. */
export type Installer = { readonly kind: 'apt' } | { readonly kind: 'unknown' };

/** Debian packages that mend these findings, each once. */
export function packagesFor(lacks: readonly Lack[]): string[] {
  return [...new Set(lacks.flatMap(({ requirement }) => requirement.debian))];
}

export function installCommand(packages: readonly string[]): [string, ...string[]] {
  return ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
}

/** One sentence that starts with a verb, for findings that lack something. */
export function mend(lacks: readonly Lack[], installer: Installer): string {
  switch (installer.kind) {
    case 'apt':
      return `Run as root: ${installCommand(packagesFor(lacks)).join(' ')}`;
    case 'unknown': {
      const names = [...new Set(lacks.map(({ requirement }) => requirement.elsewhere))];
      return `Install with this system's package manager: ${names.join(', ')}`;
    }
  }
}

/** The lines of `mmapvet doctor`. */
export function describeFindings(findings: readonly Finding[], installer: Installer, screen: Screen): string {
  const rows = findings.map((finding) => row(finding, installer, screen));
  const lacks = lacksOf(findings);
  const low = findings.filter((finding) => finding.kind === 'low');
  const good = lacks.length + low.length === 0;
  const end = [
    ...(lacks.length > 1 ? [mend(lacks, installer)] : []),
    good ? 'This host has what a run needs.' : `This host lacks ${lacks.length + low.length} of what a run needs.`,
  ];
  return `${[...rows, '', ...end].join('\n')}\n`;
}

function row(finding: Finding, installer: Installer, screen: Screen): string {
  const line = (mark: string, name: string, text: string) => `  ${mark} ${name.padEnd(24)} ${text}`;
  const good = screen.style('green', '✓');
  const bad = screen.style('red', '✗');
  switch (finding.kind) {
    case 'ok':
      return line(good, finding.requirement.name, [finding.version, finding.where].filter(Boolean).join('  '));
    case 'missing': {
      const { name, purpose } = finding.requirement;
      return `${line(bad, name, `missing, needed for ${purpose}`)}\n      ${mend([finding], installer)}`;
    }
    case 'old': {
      const { name, purpose } = finding.requirement;
      const text = `${finding.version} (${finding.where}) is too old, ${finding.minimum} is needed for ${purpose}`;
      return `${line(bad, name, text)}\n      ${mend([finding], installer)}`;
    }
    case 'enough':
      return line(good, finding.name, finding.text);
    case 'low':
      return `${line(bad, finding.name, finding.text)}\n      ${finding.hint ?? ''}`;
    case 'note':
      return line('·', finding.name, finding.hint === undefined ? finding.text : `${finding.text}. ${finding.hint}`);
  }
}

/** The same for programs: what `mmapvet doctor --json` prints. */
export function findingsAsJson(findings: readonly Finding[], installer: Installer): unknown {
  const lacks = lacksOf(findings);
  return {
    ok: isFit(findings),
    fix: lacks.length === 0 ? null : mend(lacks, installer),
    findings: findings.map((finding) => {
      switch (finding.kind) {
        case 'ok':
          return { ...tool(finding), where: finding.where, version: finding.version };
        case 'missing':
          return { ...tool(finding), fix: mend([finding], installer) };
        case 'old':
          return {
            ...tool(finding),
            where: finding.where,
            version: finding.version,
            minimum: finding.minimum,
            fix: mend([finding], installer),
          };
        case 'enough':
        case 'low':
        case 'note':
          return finding;
      }
    }),
  };
}

function tool({ kind, requirement: { name, purpose, debian } }: Extract<Finding, { requirement: unknown }>) {
  return { kind, name, purpose, packages: debian };
}

/** Nothing is missing, too old or low. */
export function isFit(findings: readonly Finding[]): boolean {
  return findings.every(({ kind }) => kind === 'ok' || kind === 'enough' || kind === 'note');
}
