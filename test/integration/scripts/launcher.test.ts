import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeNode, makeFakeHost, type FakeHost } from './fake-host.ts';

const PINNED = '24.21.0';
/** Ends as the folder of what was fetched, ready to use. */
const KEPT = /^v24\.21\.0-npm11\.19\.1-linux-/;

/**
 * An npm whose `pack` gives packages with a fake Node and a fake npm in them. `before` runs first, to fail, to wait or to
 * talk. The launcher's pins are replaced by the packages' own, or left as they are to be refused.
 */
async function addNpm(host: FakeHost, options: { before?: string; pins?: 'real' } = {}): Promise<void> {
  const body = `note npm "$@"
     echo 'npm warn some config' >&2
     ${options.before ?? ''}
     case $1 in
       pack) cp '${host.root}/node.tgz' "$(echo "$2" | tr @ -).tgz"; cp '${host.root}/npm.tgz' "$(echo "$3" | tr @ -).tgz" ;;
       ci) mkdir -p node_modules ;;
       config) echo /the/settings ;;
     esac`;
  await host.program('npm', body);
  await host.program(
    'npm-cli.js',
    body.replace('note npm', 'note kept npm "$npm_config_globalconfig"'),
    'npm/package/bin',
  );
  // A Node that runs the kept npm is a shell that runs a script.
  await host.program('node', `case $1 in */npm-cli.js) exec "$@" ;; esac; ${fakeNode(PINNED)}`, 'node/package/bin');
  const pins = await Promise.all(
    ['node', 'npm'].map(async (name) => {
      const words = ['-czf', '-', '-C', join(host.root, name), 'package'];
      const { stdout } = await execa('tar', words, { encoding: 'buffer' });
      await writeFile(join(host.root, `${name}.tgz`), stdout);
      return createHash('sha512').update(stdout).digest('base64');
    }),
  );
  if (options.pins === 'real') return;
  const launcher = join(host.project, 'scripts/launch.sh');
  const text = await readFile(launcher, 'utf8');
  const pinned = text.replaceAll(
    /(npm_integrity='|)sha512-[A-Za-z0-9+/]+==/g,
    (_all, npm: string) => `${npm}sha512-${pins[npm === '' ? 0 : 1]}`,
  );
  for (const pin of pins) expect(pinned).toContain(pin);
  await writeFile(launcher, pinned);
}

/** As after an earlier launch. */
async function addModules(host: FakeHost): Promise<void> {
  await mkdir(join(host.project, 'node_modules'));
  const lock = await readFile(join(host.project, 'package-lock.json'));
  await writeFile(join(host.project, 'node_modules/.mmapvet-package-lock.json'), lock);
}

const keptNode = async (host: FakeHost): Promise<string[]> =>
  (await readdir(join(host.home, '.cache/mmapvet/node')).catch(() => [])).filter((name) => name !== '.lock');

const ran = (host: FakeHost, version: string, ...words: string[]): string =>
  [`node ${version}`, ...[join(host.project, 'harness/cli/main.ts'), ...words].map((word) => `<${word}>`)].join(' ');

describe('with everything there', () => {
  it('starts the program at once, with its words and the working folder kept', async () => {
    await using host = await makeFakeHost();
    await host.program('node', `${fakeNode('24.0.0')}; [ "$1" = --version ] || echo "in $PWD"`);
    await host.program('npm', 'note npm');
    await addModules(host);
    const { stdout, stderr, exitCode } = await host.launch(['run', '--clause', 'a b', '']);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: `${ran(host, '24.0.0', 'run', '--clause', 'a b', '')}\nin ${host.root}`,
      stderr: '',
      exitCode: 0,
    });
    expect(await host.calls()).toEqual([]);
  });

  it("hands the program's exit code on", async () => {
    await using host = await makeFakeHost();
    await host.program('node', '[ "$1" = --version ] && { echo v26.1.0; exit; }; exit 64');
    await addModules(host);
    expect((await host.launch()).exitCode).toBe(64);
  });

  it('works through links, relative ones too', async () => {
    await using host = await makeFakeHost();
    await host.program('node', fakeNode('24.0.0'));
    await addModules(host);
    await mkdir(join(host.root, 'my links'));
    await symlink('../a project/scripts/mmapvet', join(host.root, 'my links/one'));
    await symlink('one', join(host.root, 'my links/two'));
    await symlink(join(host.project, 'scripts'), join(host.root, 'folder'));
    for (const command of ['my links/two', 'folder/mmapvet'])
      expect((await host.launch(['x'], { command: join(host.root, command) })).stdout).toBe(ran(host, '24.0.0', 'x'));
  });

  it('takes the first Node on PATH that is new enough', async () => {
    await using host = await makeFakeHost();
    await host.program('node', fakeNode('20.20.2'));
    await host.program('node', 'echo "no version"', 'odd');
    await host.program('node', fakeNode('25.0.0'), 'later');
    await addModules(host);
    const PATH = ['bin', 'odd', 'later'].map((folder) => join(host.root, folder)).join(':');
    expect((await host.launch([], { env: { PATH } })).stdout).toBe(ran(host, '25.0.0'));
  });
});

describe('without a good Node', () => {
  it('fetches the pinned one, says so, and is quiet the next time', async () => {
    await using host = await makeFakeHost();
    await host.program('node', fakeNode('20.20.2'));
    await addNpm(host);
    const first = await host.launch(['run']);
    expect(first.stdout).toBe(ran(host, PINNED, 'run'));
    expect(first.stderr).toContain(`will fetch Node ${PINNED}`);
    expect(first.stderr).not.toContain('npm warn');
    expect(await host.calls()).toEqual([
      expect.stringMatching(/^npm pack node-linux-\w+@24\.21\.0 npm@11\.19\.1 /),
      // Which Node runs npm decides what npm installs, and the host's settings hold its registry.
      'npm config get globalconfig',
      expect.stringMatching(/^kept npm \/the\/settings ci --ignore-scripts /),
    ]);

    const second = await host.launch(['run']);
    expect(second).toEqual({ exitCode: 0, stdout: first.stdout, stderr: '' });
    expect(await host.calls()).toHaveLength(3);
  });

  it('keeps it in XDG_CACHE_HOME, unless that is relative', async () => {
    await using host = await makeFakeHost();
    await addNpm(host);
    const cache = join(host.root, 'my cache');
    await host.launch([], { env: { XDG_CACHE_HOME: cache } });
    expect(existsSync(join(cache, 'mmapvet/node'))).toBe(true);
    expect(await keptNode(host)).toEqual([]);
    await host.launch([], { env: { XDG_CACHE_HOME: 'relative' } });
    expect(await keptNode(host)).toHaveLength(1);
  });

  it('refuses a package whose hash is not the pinned one', async () => {
    await using host = await makeFakeHost();
    await addNpm(host, { pins: 'real' });
    await addModules(host);
    const { exitCode, stdout, stderr } = await host.launch();
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/is not the pinned one: its sha512 differs\.\n {2}Check the npm registry/);
    expect(await keptNode(host)).toEqual([]);
  });

  it("shows npm's own words when npm fails", async () => {
    await using host = await makeFakeHost();
    await addNpm(host, { before: 'echo "npm error network" >&2; exit 1' });
    const { exitCode, stderr } = await host.launch();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('npm error network\n');
    expect(stderr).toContain('could not be fetched');
    expect(await keptNode(host)).toEqual([]);
  });

  it('never uses a fetch that was interrupted', async () => {
    await using host = await makeFakeHost();
    const gate = join(host.root, 'gate');
    await addNpm(host, {
      before: `[ -e '${gate}' ] || { cp '${host.root}/node.tgz' half.tgz; echo here >'${gate}.at'; exec sleep 60; }`,
    });
    await addModules(host);
    const command = join(host.project, 'scripts/mmapvet');
    const first = execa(command, { env: host.env, extendEnv: false, reject: false, cwd: host.root });
    await expect.poll(() => existsSync(`${gate}.at`), { timeout: 20_000 }).toBe(true);
    first.kill('SIGTERM');
    expect((await first).exitCode).toBe(143);
    expect(await keptNode(host)).toEqual([]);

    // As a kill that can't be caught would leave it.
    await mkdir(join(host.home, '.cache/mmapvet/node/.fetch.abc/package/bin'), { recursive: true });
    await writeFile(gate, '');
    expect((await host.launch()).stdout).toBe(ran(host, PINNED));
    expect(await keptNode(host)).toEqual([expect.stringMatching(KEPT)]);
  });

  it('says that a machine without a pinned one needs its own', async () => {
    await using host = await makeFakeHost();
    await host.program('npm', 'note npm');
    await host.program('sysname', 'echo "Linux riscv64"');
    await execa('mv', ['-f', join(host.bin, 'sysname'), join(host.bin, 'uname')]);
    const { exitCode, stderr } = await host.launch();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no pinned Node for "Linux riscv64".');
    expect(await host.calls()).toEqual([]);
  });
});

describe('the npm packages', () => {
  it('are installed again when the lock file changes, not when it is only touched', async () => {
    await using host = await makeFakeHost();
    await host.program('node', fakeNode('24.0.0'));
    await addNpm(host);
    const lock = join(host.project, 'package-lock.json');
    await host.launch();
    await execa('touch', [lock]);
    await host.launch();
    expect(await host.calls()).toHaveLength(1);
    await writeFile(lock, '{ "lockfileVersion": 3, "changed": true }\n');
    await host.launch();
    expect(await host.calls()).toHaveLength(2);
  });

  it('count as missing after an npm ci that failed', async () => {
    await using host = await makeFakeHost();
    await host.program('node', fakeNode('24.0.0'));
    await addNpm(host, { before: 'mkdir -p node_modules; echo "npm error disk" >&2; exit 7' });
    const failed = await host.launch();
    expect(failed.exitCode).toBe(2);
    expect(failed.stderr).toContain('npm error disk');
    await addNpm(host);
    expect((await host.launch()).exitCode).toBe(0);
    expect(await host.calls()).toHaveLength(2);
  });

  it('count as missing when npm left compiled ones out without a word', async () => {
    await using host = await makeFakeHost();
    await host.program(
      'node',
      `case $1 in *missing-packages.ts) echo 'left out: x' >&2; exit 1 ;; esac; ${fakeNode('24.0.0')}`,
    );
    await addNpm(host);
    for (const _launch of [1, 2]) {
      const { exitCode, stderr } = await host.launch();
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/left out: x\n.*npm ci left packages out/);
    }
    expect(await host.calls()).toHaveLength(2);
  });

  it('are installed once by two launches at a time', async () => {
    await using host = await makeFakeHost();
    await host.program('node', fakeNode('24.0.0'));
    // Slow enough for the other launch to come to the lock.
    await addNpm(host, { before: 'sleep 1' });
    const both = await Promise.all([host.launch(['one']), host.launch(['two'])]);
    expect(both.map(({ stdout }) => stdout)).toEqual([ran(host, '24.0.0', 'one'), ran(host, '24.0.0', 'two')]);
    expect(await host.calls()).toEqual([expect.stringMatching(/^npm ci --ignore-scripts /)]);
  });
});

describe('questions', () => {
  /** The launcher below a terminal of its own; `answer` is typed ahead. */
  async function onTerminal(host: FakeHost, answer: string, words = '', env: Record<string, string> = {}) {
    const command = `'${join(host.project, 'scripts/mmapvet')}' ${words}`;
    const options = { env: { ...host.env, ...env }, extendEnv: false, reject: false, cwd: host.root } as const;
    return execa('script', ['-qec', command, '/dev/null'], { ...options, input: answer });
  }

  it('a no installs nothing', async () => {
    await using host = await makeFakeHost();
    await addNpm(host);
    const { exitCode, stdout } = await onTerminal(host, 'n\n');
    expect(stdout).toContain('Go on? [Y/n]');
    expect(exitCode).toBe(2);
    expect(await host.calls()).toEqual([]);
  });

  it('a yes goes on', async () => {
    await using host = await makeFakeHost();
    await addNpm(host);
    const { exitCode, stdout } = await onTerminal(host, 'y\n', 'list');
    expect(stdout).toContain(ran(host, PINNED, 'list'));
    expect(exitCode).toBe(0);
  });

  it.each([
    ['--yes', {}],
    ['run -y', {}],
    ['run', { CI: 'true' }],
  ])('none with %s and %j', async (words, env) => {
    await using host = await makeFakeHost();
    await addNpm(host);
    const { exitCode, stdout } = await onTerminal(host, 'n\n', words, env);
    expect(stdout).not.toContain('Go on?');
    expect(exitCode).toBe(0);
  });

  it('a --yes behind -- is not ours', async () => {
    await using host = await makeFakeHost();
    await addNpm(host);
    expect((await onTerminal(host, 'n\n', 'shell -- --yes')).exitCode).toBe(2);
  });
});

describe('without npm', () => {
  /** An apt-get that knows no package before its lists are there. */
  async function addApt(host: FakeHost): Promise<void> {
    await addNpm(host);
    await execa('mv', [join(host.bin, 'npm'), join(host.root, 'debian-npm')]);
    await host.program(
      'apt-get',
      `note apt-get "$@"
       case "$*" in
         update) touch '${host.root}/lists' ;;
         *install*) [ -e '${host.root}/lists' ] || { echo 'E: Unable to locate package npm' >&2; exit 100; }
           cp '${host.root}/debian-npm' '${host.bin}/npm' ;;
       esac`,
    );
    await addUser(host, 0);
  }
  const addUser = async (host: FakeHost, uid: number) => {
    await execa('rm', ['-f', join(host.bin, 'id')]);
    await host.program('id', `echo ${uid}`);
  };
  const INSTALL = 'apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends nodejs npm ca-certificates';

  it("installs Debian's first, with new package lists where they are missing", async () => {
    await using host = await makeFakeHost();
    await addApt(host);
    const { stdout, stderr } = await host.launch();
    expect(stdout).toBe(ran(host, PINNED));
    expect(stderr).toContain('will install Debian packages: nodejs npm ca-certificates');
    expect(stderr).not.toContain('Unable to locate');
    expect((await host.calls()).slice(0, 3)).toEqual([INSTALL, 'apt-get update', INSTALL]);
  });

  it('without root and sudo it says the exact command', async () => {
    await using host = await makeFakeHost();
    await addApt(host);
    await addUser(host, 1000);
    const { exitCode, stderr } = await host.launch(['--yes']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Run as root: apt-get install -y --no-install-recommends nodejs npm ca-certificates');
    expect(await host.calls()).toEqual([]);
  });

  it('uses sudo, which may not ask without a terminal', async () => {
    await using host = await makeFakeHost();
    await addApt(host);
    await addUser(host, 1000);
    await host.program('sudo', 'note sudo "$1"; shift; exec "$@"');
    expect((await host.launch()).stdout).toBe(ran(host, PINNED));
    expect((await host.calls())[0]).toBe('sudo -n');
  });

  it('names what to install where there is no apt', async () => {
    await using host = await makeFakeHost();
    const { exitCode, stderr } = await host.launch();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Install Node 24 or newer with npm');
  });
});
