import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PrivateApt } from '../../../harness/host/apt.ts';

const TOOLS = join(import.meta.dirname, '../../fixtures/programs/apt-tools');

let folder: string;
let notes: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  notes = [];
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('PATH', `${TOOLS}:${process.env['PATH']}`);
  vi.stubEnv('FAKE_APT_LOG', join(folder, 'log'));
  await mkdir(join(folder, 'etc'));
  await writeFile(join(folder, 'etc/sources.list'), 'deb http://m.example/debian trixie main\n');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const open = (): PrivateApt =>
  new PrivateApt({ architecture: 'amd64', hostFolder: join(folder, 'etc'), note: (text) => notes.push(text) });

/** apt calls since the last look, `apt-config` left out. */
async function calls(): Promise<string[]> {
  const text = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
  await rm(join(folder, 'log'), { force: true });
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('apt-config'));
}

/** As if the lists had been fetched yesterday. */
const age = (apt: PrivateApt): Promise<void> => utimes(join(apt.folder, 'updated'), 1000, 1000);

const NO_NETWORK = 'W: Failed to fetch http://m.example/debian/dists/trixie/InRelease  Could not connect to m.example';

test('versions over all suites, newest first, from lists that are fetched once', async () => {
  const versions = await open().versions('busybox');
  expect(versions.map(({ version, suite }) => `${version} ${suite}`)).toEqual(['1:2-3 trixie', '1:1-9 sid']);
  expect(await open().versions('busybox')).toEqual(versions);
  expect(await calls()).toEqual(['apt-get update -q', 'apt-cache madison busybox']);
});

test('what apt said counts until the lists are fetched anew, and is asked again where its file is broken', async () => {
  const asked = async (): Promise<string[]> => {
    await open().versions('busybox');
    return (await calls()).filter((line) => line.includes('madison'));
  };
  expect(await asked()).toHaveLength(1);
  expect(await asked()).toHaveLength(0);
  await writeFile(join(open().folder, 'answers.json'), '{"lists":');
  expect(await asked()).toHaveLength(1);
  await age(open());
  expect(await asked()).toHaveLength(1);
});

test('an answer from before starts no program at all', async () => {
  await open().versions('busybox');
  await rm(join(folder, 'log'), { force: true });
  await open().versions('busybox');
  expect(await readFile(join(folder, 'log'), 'utf8').catch(() => '')).toBe('');
});

test('a package is downloaded once, whole or not at all', async () => {
  const path = await open().download('busybox', '1:2-3');
  expect(basename(path)).toBe('busybox_1%3a2-3_amd64.deb');
  await calls();
  expect(await open().download('busybox', '1:2-3')).toBe(path);
  expect(await calls()).toEqual([]);
  expect((await readdir(open().folder)).filter((name) => name.startsWith('download-'))).toEqual([]);
});

test('a version that is gone: looked for in new lists, then what there is instead', async () => {
  await expect(open().download('busybox', '1:0-1')).rejects.toMatchObject({
    code: 'APT_GONE',
    message: 'The archive does not have "busybox" in version "1:0-1".',
    hint: 'Choose one of these: 1:2-3 (trixie), 1:1-9 (sid).',
  });
  expect((await calls()).filter((call) => call.startsWith('apt-get update'))).toHaveLength(2);
});

test('without a network, lists of an earlier time do, and a note says so', async () => {
  vi.stubEnv('FAKE_APT_SAYS', NO_NETWORK);
  await expect(open().versions('busybox')).rejects.toMatchObject({ code: 'APT_NETWORK', details: [NO_NETWORK] });
  vi.stubEnv('FAKE_APT_SAYS', '');
  const apt = open();
  await apt.update();
  await age(apt);
  vi.stubEnv('FAKE_APT_SAYS', NO_NETWORK);
  expect(await apt.versions('busybox')).toHaveLength(2);
  expect(notes).toEqual([expect.stringMatching(/not reached.*earlier time/)]);
});

test('a full disk is told with its place, and is no trouble of the network', async () => {
  vi.stubEnv('FAKE_APT_SAYS', `${NO_NETWORK}  Error writing to file - write (28: No space left on device)`);
  const apt = open();
  await expect(apt.versions('busybox')).rejects.toMatchObject({
    code: 'NO_SPACE',
    message: `There is no space left on the disk of "${apt.folder}".`,
  });
});

test('a wrong signature is never passed over, old lists or not', async () => {
  const apt = open();
  await apt.update();
  await age(apt);
  vi.stubEnv('FAKE_APT_SAYS', "E: The repository 'http://m.example/debian trixie InRelease' is not signed.");
  await expect(apt.versions('busybox')).rejects.toMatchObject({ code: 'APT_SIGNATURE' });
});

test('suites that the mirror does not carry are passed over; a host without a Debian mirror is told so', async () => {
  vi.stubEnv('FAKE_APT_SAYS', "E: The repository 'http://m.example/debian sid Release' does not have a Release file.");
  const apt = open();
  await mkdir(join(apt.folder, 'state/lists'), { recursive: true });
  await writeFile(join(apt.folder, 'state/lists/x_Packages'), '');
  await apt.update();
  await writeFile(join(folder, 'etc/sources.list'), 'deb http://m.example/ubuntu noble main\n');
  await expect(open().update()).rejects.toMatchObject({ code: 'APT_NO_MIRROR' });
});
