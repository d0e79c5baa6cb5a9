/**
 * Reads the host's apt settings and writes our own from them: the mirror, its keyring and the proxy are the host's choice,
 * the suites are ours. All pure.
 */

/** One `deb` entry, from a .sources stanza or a .list line. */
export interface AptEntry {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** A keyring's path, or an armoured key; null where the host relies on its trusted.gpg.d. */
  readonly signedBy: string | null;
}

/** sources.list(5), one-line style. */
export function parseOneLine(text: string): AptEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? null;
    return [{ uris: [uri], suites: [suite], components: words(components), signedBy }];
  });
}

/** sources.list(5), deb822 style. */
export function parseDeb822(text: string): AptEntry[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = parseFields(stanza);
      const enabled = !/^(no|false|without|off|disable)$/i.test(fields.get('enabled') ?? 'yes');
      if (!enabled || !words(fields.get('types') ?? '').includes('deb')) return [];
      return [
        {
          uris: words(fields.get('uris') ?? ''),
          suites: words(fields.get('suites') ?? ''),
          components: words(fields.get('components') ?? ''),
          signedBy: fields.get('signed-by') ?? null,
        },
      ];
    });
}

function parseFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of stanza.split('\n')) {
    const field = /^([\w-]+):[ \t]*(.*)$/.exec(line);
    if (field !== null) {
      last = field[1]!.toLowerCase();
      fields.set(last, field[2]!.trim());
    } else if (/^\s/.test(line) && last !== '') fields.set(last, `${fields.get(last)}\n${line}`.replace(/^\n/, ''));
  }
  return fields;
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const RELEASES = 'bookworm|trixie|forky|duke|sid|stable|testing|unstable|oldstable';
const DEBIAN_SUITE = new RegExp(`^(?:${RELEASES})(?:-(?:updates|backports))?$`);

/** Where kernels with the hook and guests' packages are, whatever release the host runs. */
const OUR_SUITES = ['trixie', 'trixie-backports', 'sid'];

const ARCHIVE_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Our own sources: one stanza for the Debian mirror that the host uses, with the host's suites and ours.
 * @returns null where the host has no Debian mirror.
 */
export function ourSources(entries: readonly AptEntry[], suites: readonly string[] = OUR_SUITES): string | null {
  const debian = entries.filter(
    (entry) =>
      entry.components.includes('main') &&
      entry.suites.some((suite) => DEBIAN_SUITE.test(suite)) &&
      entry.uris.some((uri) => !uri.startsWith('cdrom:')),
  );
  const mirror = debian[0];
  if (mirror === undefined) return null;
  const all = new Set([...debian.flatMap((entry) => entry.suites).filter((s) => DEBIAN_SUITE.test(s)), ...suites]);
  return [
    'Types: deb',
    `URIs: ${mirror.uris.find((uri) => !uri.startsWith('cdrom:'))}`,
    `Suites: ${[...all].join(' ')}`,
    'Components: main',
    'Targets: Packages',
    `Signed-By: ${mirror.signedBy ?? ARCHIVE_KEYRING}`,
    '',
  ].join('\n');
}

/** Of `apt-config dump`: proxy, certificates, retries and validity are the host's; its hooks and indexes are not ours. */
export function ourConfig(dump: string, folder: string, architecture: string, asRoot: boolean): string {
  const kept = dump
    .split('\n')
    .filter((line) => /^Acquire::/i.test(line))
    .filter(
      (line) => !/^Acquire::(IndexTargets|CompressionTypes|Languages|Changelogs|cdrom|GzipIndexes)\b/i.test(line),
    );
  const own: [string, string][] = [
    // Nothing of the host's apt.conf.d is read: its hooks clean and index the host's own folders.
    ['Dir::Etc::main', '/dev/null'],
    ['Dir::Etc::parts', '/dev/null'],
    ['Dir::Etc::preferences', '/dev/null'],
    ['Dir::Etc::preferencesparts', '/dev/null'],
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', `${folder}/sources`],
    ['Dir::State', `${folder}/state`],
    ['Dir::State::status', `${folder}/state/status`],
    ['Dir::Cache', `${folder}/cache`],
    ['APT::Architecture', architecture],
    ['Acquire::Languages', 'none'],
    // The _apt user can't read below a private home folder.
    ...(asRoot ? [['APT::Sandbox::User', 'root'] as [string, string]] : []),
  ];
  return [
    ...kept,
    ...own.map(([name, value]) => `${name} "${value}";`),
    `APT::Architectures { "${architecture}"; };`,
    '',
  ]
    .join('\n')
    .replace(/^\n/, '');
}
