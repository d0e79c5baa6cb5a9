import { describe, expect, test } from 'vitest';
import { ourConfig, ourSources, parseDeb822, parseOneLine } from '../../../harness/host/apt-sources.ts';
import { parseMadison, problemLines } from '../../../harness/host/apt.ts';

const DEB822 = `# comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main

Types: deb
URIs: https://other.example/node
Suites: nodistro
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
`;

describe("the host's sources", () => {
  test('deb822 stanzas, without disabled ones', () => {
    const entries = parseDeb822(DEB822);
    expect(entries.map((entry) => entry.suites)).toEqual([['bookworm', 'bookworm-updates'], ['nodistro']]);
    expect(entries[0]).toEqual({
      uris: ['http://mirror.example/debian'],
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
      signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg',
    });
    expect(entries[1]?.signedBy).toContain('BEGIN PGP');
  });

  test('one-line entries, with options and comments', () => {
    const text = [
      '# deb http://no.example/debian sid main',
      'deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian trixie main non-free # why',
      'deb-src http://a.example/debian trixie main',
      'deb http://b.example/debian sid main',
    ];
    expect(parseOneLine(text.join('\n'))).toEqual([
      { uris: ['http://a.example/debian'], suites: ['trixie'], components: ['main', 'non-free'], signedBy: '/k.gpg' },
      { uris: ['http://b.example/debian'], suites: ['sid'], components: ['main'], signedBy: null },
    ]);
  });

  test("ours: the host's mirror and key, its suites and the newer ones", () => {
    expect(ourSources(parseDeb822(DEB822))).toBe(
      [
        'Types: deb',
        'URIs: http://mirror.example/debian',
        'Suites: bookworm bookworm-updates trixie trixie-backports sid',
        'Components: main',
        'Targets: Packages',
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
        '',
      ].join('\n'),
    );
    expect(ourSources(parseOneLine('deb http://archive.example/ubuntu noble main'))).toBeNull();
    expect(ourSources(parseOneLine('deb cdrom:[Debian] trixie main'))).toBeNull();
  });
});

test("our configuration has the host's proxy, but none of its hooks, and our own folders", () => {
  const dump = [
    'APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";',
    'Dir::State "var/lib/apt";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::Languages:: "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "true";',
  ];
  const lines = ourConfig(dump.join('\n'), '/c', 'arm64', false).split('\n');
  expect(lines).toContain('Acquire::http::Proxy "http://proxy.example:3128";');
  expect(lines).toContain('Dir::State "/c/state";');
  expect(lines).toContain('Dir::Etc::parts "/dev/null";');
  expect(lines).toContain('APT::Architecture "arm64";');
  expect(lines.filter((line) => /Post-Invoke|var\/lib|DEP-11|Sandbox/.test(line))).toEqual([]);
  expect(ourConfig('', '/c', 'amd64', true)).toContain('APT::Sandbox::User "root";');
});

test("apt's answers", () => {
  expect(
    parseMadison(
      ' linux-source-7.3 | 7.3.4-1~bpo13+1 | http://m.example/debian trixie-backports/main amd64 Packages\nnonsense\n',
    ),
  ).toEqual([{ name: 'linux-source-7.3', version: '7.3.4-1~bpo13+1', suite: 'trixie-backports' }]);
  const stderr = [
    "E: The repository 'http://m.example/debian forky Release' does not have a Release file.",
    'W: GPG error: http://m.example/debian sid InRelease: NO_PUBKEY 1',
    'N: more',
  ];
  expect(problemLines({ stderr: stderr.join('\n') })).toEqual([stderr[1]]);
});
