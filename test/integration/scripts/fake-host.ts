/** A host made of small shell scripts: PATH holds nothing but the fakes and the basic tools that a test names. */
import { execa } from 'execa';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PROJECT } from '../../../harness/core/paths.ts';
import { findProgram } from '../../../harness/host/find.ts';

/** What Debian calls essential, as far as the launcher uses it. */
const ESSENTIAL =
  'sh bash cat chmod cmp cp cut env flock getent gzip id ln ls mkdir mktemp mv base64 od readlink rm script sha512sum sleep tar touch tr uname dirname'.split(
    ' ',
  );

export interface FakeHost extends AsyncDisposable {
  readonly root: string;
  /** A project with blanks in its path: the real scripts around an empty program. */
  readonly project: string;
  readonly bin: string;
  readonly home: string;
  /** Writes a shell script into `bin`, or into another folder below `root`. */
  readonly program: (name: string, body: string, folder?: string) => Promise<void>;
  /** Calls that the fakes noted with `note WORD…`. */
  readonly calls: () => Promise<string[]>;
  readonly env: Readonly<Record<string, string>>;
  readonly launch: (words?: readonly string[], options?: LaunchOptions) => Promise<Launched>;
}

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: string;
  readonly cwd?: string;
}

export interface Launched {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The body of a fake Node: it says its version, and what it was asked to run. */
export const fakeNode = (version: string): string =>
  `[ "$1" = --version ] && { echo v${version}; exit; }; printf 'node ${version}'; printf ' <%s>' "$@"; echo`;

export async function makeFakeHost(): Promise<FakeHost> {
  const root = await mkdtemp(join(tmpdir(), 'mmapvet launcher-'));
  const [project, bin, home] = ['a project', 'bin', 'home'].map((name) => join(root, name)) as [string, string, string];
  await Promise.all([project, bin, home, join(project, 'scripts')].map((path) => mkdir(path, { recursive: true })));
  for (const name of ESSENTIAL) {
    const real = await findProgram(name);
    if (real !== null) await symlink(real, join(bin, name));
  }
  for (const name of ['mmapvet', 'launch.sh'])
    await copyFile(join(PROJECT, 'scripts', name), join(project, 'scripts', name));
  await writeFile(join(project, 'package-lock.json'), '{ "lockfileVersion": 3 }\n');

  const log = join(root, 'calls');
  const program: FakeHost['program'] = async (name, body, folder = 'bin') => {
    const path = join(root, folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh\nnote() { echo "$*" >>'${log}'; }\n${body}\n`);
    await chmod(path, 0o755);
  };
  const env = { PATH: bin, HOME: home, TERM: 'dumb' };
  return {
    root,
    project,
    bin,
    home,
    program,
    env,
    calls: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean),
    launch: async (words = [], { env: more = {}, command = join(project, 'scripts/mmapvet'), cwd = root } = {}) => {
      const options = { cwd, env: { ...env, ...more }, extendEnv: false, reject: false, stdin: 'ignore' } as const;
      const { exitCode, stdout, stderr } = await execa(command, words, options);
      return { exitCode, stdout, stderr };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
