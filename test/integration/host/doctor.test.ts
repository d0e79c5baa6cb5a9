import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkTools, lacksOf } from '../../../harness/host/doctor.ts';
import { provision } from '../../../harness/host/provision.ts';
import type { Find, Requirement } from '../../../harness/host/requirements.ts';
import { makeFakeHost, type FakeHost } from '../scripts/fake-host.ts';
import { enter, recordingScreen } from './this-process.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const need = (name: string, find: Find = { kind: 'program', name }): Requirement => ({
  name,
  purpose: 'tests',
  find,
  version: { minimum: '2.5', arguments: ['--version'], pattern: /version (\d+(?:\.\d+)+)/ },
  debian: [`${name}-package`],
  elsewhere: `${name} of any vendor`,
});

const lexer = (version: string): string => `note lexer "$@"; echo "lexer version ${version}"`;

describe('checkTools', () => {
  it('tells ok, missing and too old apart', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await host.program('good', 'echo "good version 2.10"');
    await host.program('aged', 'echo "aged version 2.4.9"');
    await host.program('silent', 'exit 3');
    const findings = await checkTools(['good', 'aged', 'silent', 'gone'].map((name) => need(name)));
    expect(findings).toMatchObject([
      { kind: 'ok', version: '2.10', where: join(host.bin, 'good') },
      { kind: 'old', version: '2.4.9', minimum: '2.5' },
      { kind: 'ok', version: null },
      { kind: 'missing' },
    ]);
  });

  it('takes no folder and no file without the run bit for a program', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await mkdir(join(host.bin, 'folder'));
    await writeFile(join(host.bin, 'text'), 'text');
    const findings = await checkTools([need('folder'), need('text')]);
    expect(findings.map(({ kind }) => kind)).toEqual(['missing', 'missing']);
  });

  it('starts a program for its version once, and again when it changed', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await host.program('lexer', lexer('2.6'));
    await checkTools([need('lexer')]);
    await checkTools([need('lexer')]);
    expect(await host.calls()).toEqual(['lexer --version']);
    await host.program('lexer', lexer('2.1'));
    await utimes(join(host.bin, 'lexer'), 1, 1);
    expect(await checkTools([need('lexer')])).toMatchObject([{ kind: 'old', version: '2.1' }]);
  });

  it('survives a version file that is no version file', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await host.program('lexer', lexer('2.6'));
    await mkdir(join(host.root, 'cache/mmapvet'), { recursive: true });
    await writeFile(join(host.root, 'cache/mmapvet/tool-versions.json'), '{"half":');
    expect(await checkTools([need('lexer')])).toMatchObject([{ kind: 'ok', version: '2.6' }]);
  });

  it('asks the compiler for a library that lies in no usual place', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    const library: Find = { kind: 'library', name: 'libc.a', compiler: 'cc-x', usual: ['/nowhere/libc.a'] };
    const { version: _none, ...requirement } = need('libc', library);
    expect(await checkTools([requirement])).toMatchObject([{ kind: 'missing' }]);
    // gcc prints the bare name for what it does not find.
    await host.program('cc-x', 'echo "${1#*=}"');
    expect(await checkTools([requirement])).toMatchObject([{ kind: 'missing' }]);
    await writeFile(join(host.root, 'libc.a'), '');
    await host.program('cc-x', `echo '${host.root}/libc.a'`);
    expect(await checkTools([requirement])).toMatchObject([{ kind: 'ok', where: join(host.root, 'libc.a') }]);
  });
});

describe('provision', () => {
  /** An apt-get that installs lexer 2.6, but only when its lists are there. */
  async function addApt(host: FakeHost, installs = true): Promise<void> {
    await host.program('lexer-2.6', lexer('2.6'), 'archive');
    await host.program(
      'apt-get',
      `note "$DEBIAN_FRONTEND" apt-get "$@"
       case "$*" in
         update) touch '${host.root}/lists' ;;
         *install*) [ -e '${host.root}/lists' ] || { echo 'E: Unable to locate package lexer' >&2; exit 100; }
           ${installs ? `cp '${host.root}/archive/lexer-2.6' '${host.bin}/lexer'` : ':'} ;;
       esac`,
    );
  }
  const INSTALL = 'noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends lexer-package';

  it('does nothing where nothing is missing', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await addApt(host);
    await host.program('lexer', lexer('2.6'));
    const { screen, err } = recordingScreen();
    await provision(await checkTools([need('lexer')]), { screen, yes: false });
    expect(err()).toBe('');
    expect(await host.calls()).toEqual(['lexer --version']);
  });

  it.each(['missing', 'old'])(
    'says what it will install, fetches lists where it must, and looks again: %s',
    async (kind) => {
      await using host = await makeFakeHost();
      await enter(host);
      await addApt(host);
      if (kind === 'old') await host.program('lexer', lexer('1.0'));
      const findings = await checkTools([need('lexer')]);
      expect(findings.map((finding) => finding.kind)).toEqual([kind]);
      const { screen, err } = recordingScreen();
      await provision(findings, { screen, yes: false, uid: 0 });
      expect(err()).toBe('mmapvet: will install Debian packages: lexer-package\n');
      const calls = (await host.calls()).filter((call) => !call.startsWith('lexer'));
      expect(calls).toEqual([INSTALL, 'noninteractive apt-get update', INSTALL]);
      expect(lacksOf(await checkTools([need('lexer')]))).toEqual([]);
    },
  );

  it('fails when the tool is still missing afterwards', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await addApt(host, false);
    const failing = provision(await checkTools([need('lexer')]), { ...recordingScreen(), yes: true, uid: 0 });
    await expect(failing).rejects.toMatchObject({ code: 'HOST_TOOLS_MISSING', exit: 2 });
  });

  it("keeps apt's words when apt fails", async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await host.program('apt-get', 'echo "E: no network" >&2; exit 100');
    const failing = provision(await checkTools([need('lexer')]), { ...recordingScreen(), yes: true, uid: 0 });
    await expect(failing).rejects.toMatchObject({
      code: 'HOST_INSTALL_FAILED',
      details: ['E: no network'],
      hint: expect.stringContaining('apt-get install -y --no-install-recommends lexer-package') as string,
    });
  });

  it('without root and sudo it gives the exact command', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await addApt(host);
    const failing = provision(await checkTools([need('lexer')]), { ...recordingScreen(), yes: true, uid: 1000 });
    await expect(failing).rejects.toMatchObject({
      code: 'HOST_NEEDS_ROOT',
      message: 'This host lacks "lexer". Installing it needs root.',
      hint: 'Run as root: apt-get install -y --no-install-recommends lexer-package',
    });
    expect(await host.calls()).toEqual([]);
  });

  it('uses sudo where it is there', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await addApt(host);
    await host.program('sudo', '[ "$1" = -n ] && shift; note sudo; exec "$@"');
    await provision(await checkTools([need('lexer')]), { ...recordingScreen(), yes: true, uid: 1000 });
    expect((await host.calls()).slice(0, 2)).toEqual(['sudo', INSTALL]);
  });

  it('without apt it names the tools', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    const failing = provision(await checkTools([need('lexer')]), { ...recordingScreen(), yes: true, uid: 0 });
    await expect(failing).rejects.toMatchObject({
      code: 'HOST_TOOLS_MISSING',
      hint: "Install with this system's package manager: lexer of any vendor",
    });
  });

  it('only warns of low memory', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    const { screen, err } = recordingScreen();
    await provision([{ kind: 'low', name: 'memory', text: '1.0 GB free' }], { screen, yes: false });
    expect(err()).toBe('mmapvet: warning: memory: 1.0 GB free\n');
  });

  it('an interrupt before the installation installs nothing', async () => {
    await using host = await makeFakeHost();
    await enter(host);
    await addApt(host);
    const reason = new Error('interrupted');
    const findings = await checkTools([need('lexer')]);
    const failing = provision(findings, { ...recordingScreen(), yes: true, uid: 0, signal: AbortSignal.abort(reason) });
    await expect(failing).rejects.toBe(reason);
    expect(await host.calls()).toEqual([]);
  });
});
