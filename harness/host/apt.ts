/**
 * apt with a state of its own: sources, lists, cache and configuration lie in our cache folder, so any user can look up and
 * download packages of any architecture and release, checked by apt's own signatures, with the host's apt left alone.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, isDiskError } from '../core/disk.ts';
import { MmapvetError } from '../core/errors.ts';
import { run, type ExecResult } from '../core/exec.ts';
import { takeLock } from '../core/lock.ts';
import { cacheFolder } from '../core/paths.ts';
import { answerOf } from './apt-answers.ts';
import { ourConfig, ourSources, parseDeb822, parseOneLine, type AptEntry } from './apt-sources.ts';

export interface AptOptions {
  /** Debian's name of the architecture whose packages are looked up. */
  readonly architecture: string;
  readonly signal?: AbortSignal;
  /** Told what a person wants to know: waiting for another run, old lists used. */
  readonly note?: (text: string) => void;
  /** Where the host's settings are read from. */
  readonly hostFolder?: string;
  /** Suites of the mirror beside the host's own. */
  readonly suites?: readonly string[];
}

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
  readonly suite: string;
}

/** How long lists count as news, in milliseconds. */
const FRESH_MS = 12 * 3600 * 1000;

/** What apt's messages mean, first match wins. */
const APT_FAILURES: readonly (readonly [RegExp, string, string, string])[] = [
  [
    /GPG error|NO_PUBKEY|is not signed|signatures? (were|was|couldn't|could not)|BADSIG|EXPKEYSIG|Clearsigned file/i,
    'APT_SIGNATURE',
    "The archive's signature is not good",
    'Update the package debian-archive-keyring, or check the mirror and proxy in /etc/apt.',
  ],
  [
    /Hash Sum mismatch|unexpected size/i,
    'APT_HASH',
    'A file from the archive is not the one its signed index names',
    'Try again; a mirror that is being updated or a caching proxy can cause this.',
  ],
  [
    /resolve|connect|timed out|unreachable|Connection|Cannot initiate|Unable to fetch|40[3-9]|50\d/i,
    'APT_NETWORK',
    'The Debian mirror was not reached',
    'Check the network and the proxy in /etc/apt/apt.conf.d, or give a tree or tarball with --kernel.',
  ],
];

export class PrivateApt {
  readonly folder: string;
  readonly #options: AptOptions;
  #sources: Promise<void> | undefined;
  #config: Promise<void> | undefined;

  constructor(options: AptOptions) {
    this.#options = options;
    this.folder = join(cacheFolder(), 'apt', options.architecture);
  }

  /**
   * Brings the lists up to date when they are older than half a day, or always with `force`. Suites that the mirror does not
   * carry are passed over.
   * @throws MmapvetError APT_NO_MIRROR, APT_SIGNATURE, APT_HASH, APT_NETWORK, NO_SPACE, APT_FAILED.
   */
  async update(force = false): Promise<void> {
    await (this.#sources ??= this.#writeSources());
    if (!force && (await this.#isFresh())) return;
    await using _lock = await this.#lock();
    if (!force && (await this.#isFresh())) return;
    const result = await this.#apt(['apt-get', 'update', '-q'], { mayFail: true });
    const problems = problemLines(result);
    const lists = (await readdir(join(this.folder, 'state/lists'))).filter((name) => name.includes('_Packages'));
    if (problems.length > 0 || lists.length === 0) throw aptError('apt-get update', problems, this.folder);
    await writeFile(join(this.folder, 'updated'), await this.#sourcesHash());
  }

  /**
   * As `update`, but with no network the lists of an earlier time do, and a note says so.
   * @throws MmapvetError as `update` does, where there are no lists at all.
   */
  async updateIfPossible(): Promise<void> {
    try {
      await this.update();
    } catch (error) {
      const old = existsSync(join(this.folder, 'updated'));
      if (!(error instanceof MmapvetError && error.code === 'APT_NETWORK' && old)) throw error;
      this.#options.note?.(`${error.message} Using package lists of an earlier time.`);
    }
  }

  /** Names of all packages that begin with `prefix`. */
  async names(prefix: string): Promise<string[]> {
    await this.updateIfPossible();
    const names = await answerOf(this.folder, `names ${prefix}`, async () => {
      const { stdout } = await this.#apt(['apt-cache', 'pkgnames', prefix]);
      return stdout.split('\n').filter((line) => line !== '');
    });
    return [...names];
  }

  /** Versions of a package over all suites, newest first; empty for a package that nobody has. */
  async versions(...packages: readonly string[]): Promise<PackageVersion[]> {
    await this.updateIfPossible();
    if (packages.length === 0) return [];
    const lines = await answerOf(this.folder, `versions ${packages.join(' ')}`, async () => {
      const { stdout } = await this.#apt(['apt-cache', 'madison', ...packages], { mayFail: true });
      const sorted = await sortVersions(parseMadison(stdout), this.#options.signal);
      return sorted.map(({ name, version, suite }) => [name, version, suite].join(' '));
    });
    return lines.map((line) => {
      const [name = '', version = '', suite = ''] = line.split(' ');
      return { name, version, suite };
    });
  }

  /**
   * The .deb's path, downloaded once and then kept.
   * @throws MmapvetError APT_GONE for a version that the archive no longer has, else as `update`.
   */
  async download(name: string, version: string): Promise<string> {
    const known = await this.findDownloaded(name, version);
    if (known !== null) return known;
    await mkdir(join(cacheFolder(), 'debs'), { recursive: true });
    await this.updateIfPossible();
    let result = await this.#fetch(name, version);
    // Lists of an earlier time can name what the archive has dropped since, and lack what is new.
    if (typeof result !== 'string' && isGone(result)) {
      await this.update(true);
      result = await this.#fetch(name, version);
    }
    if (typeof result === 'string') return result;
    if (!isGone(result)) throw aptError(`apt-get download ${name}=${version}`, problemLines(result), this.folder);
    const have = await this.versions(name);
    const listed = have.map((entry) => `${entry.version} (${entry.suite})`).join(', ');
    throw new MmapvetError('APT_GONE', `The archive does not have "${name}" in version "${version}".`, {
      hint: have.length === 0 ? 'Choose another package.' : `Choose one of these: ${listed}.`,
      cause: result.stderr,
    });
  }

  /** The .deb's path, or how apt failed. */
  async #fetch(name: string, version: string): Promise<string | ExecResult> {
    await using _lock = await this.#lock();
    const kept = join(cacheFolder(), 'debs');
    const known = await this.findDownloaded(name, version);
    if (known !== null) return known;
    // apt writes into the current folder, under a name of its own; only a whole file is renamed into place.
    const scratch = await mkdtemp(join(this.folder, 'download-'));
    try {
      const command = ['apt-get', 'download', '-q', `${name}=${version}`] as const;
      const result = await this.#apt(command, { cwd: scratch, mayFail: true });
      const file = (await readdir(scratch)).find((entry) => entry.endsWith('.deb'));
      if (result.exitCode !== 0 || file === undefined) return result;
      await rename(join(scratch, file), join(kept, file));
      return join(kept, file);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** A .deb that was downloaded before, without any network; null where there is none. */
  async findDownloaded(name: string, version: string): Promise<string | null> {
    const kept = join(cacheFolder(), 'debs');
    for (const architecture of [this.#options.architecture, 'all']) {
      const path = join(kept, `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`);
      if (existsSync(path)) return path;
    }
    return null;
  }

  async #writeSources(): Promise<void> {
    const { suites, hostFolder = '/etc/apt' } = this.#options;
    const sources = ourSources(await readHostEntries(hostFolder), suites);
    if (sources === null)
      throw new MmapvetError('APT_NO_MIRROR', `No Debian mirror is set up in "${hostFolder}".`, {
        hint: 'Give a kernel with --kernel TREE|TARBALL and the guest packages with --guest-debs DIR.',
      });
    for (const folder of ['sources', 'state/lists/partial', 'cache/archives/partial'])
      await mkdir(join(this.folder, folder), { recursive: true });
    await writeAtomically(join(this.folder, 'sources/debian.sources'), sources);
    // An empty dpkg status: nothing counts as installed.
    await writeFile(join(this.folder, 'state/status'), '', { flag: 'a' });
  }

  /** Only for those who start apt: asking for the host's own settings starts a program too. */
  async #writeConfig(): Promise<void> {
    await (this.#sources ??= this.#writeSources());
    const dump = await run(['apt-config', 'dump'], { signal: this.#options.signal });
    const config = ourConfig(dump.stdout, this.folder, this.#options.architecture, process.getuid?.() === 0);
    await writeAtomically(join(this.folder, 'apt.conf'), config);
  }

  async #sourcesHash(): Promise<string> {
    const text = await readFile(join(this.folder, 'sources/debian.sources'), 'utf8');
    return createHash('sha256').update(text).digest('hex');
  }

  async #isFresh(): Promise<boolean> {
    const stamp = join(this.folder, 'updated');
    try {
      const age = Date.now() - (await stat(stamp)).mtimeMs;
      return age < FRESH_MS && (await readFile(stamp, 'utf8')) === (await this.#sourcesHash());
    } catch {
      return false;
    }
  }

  #lock(): Promise<AsyncDisposable> {
    return takeLock(join(this.folder, 'lock'), {
      signal: this.#options.signal,
      onWait: (pid) => this.#options.note?.(`Waiting for process ${pid}, which is using apt.`),
    });
  }

  async #apt(
    command: readonly [string, ...string[]],
    options: { cwd?: string; mayFail?: boolean } = {},
  ): Promise<ExecResult> {
    await (this.#config ??= this.#writeConfig());
    return run(command, {
      signal: this.#options.signal,
      env: { APT_CONFIG: join(this.folder, 'apt.conf'), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.mayFail === true ? { allow: [1, 100] } : {}),
    });
  }
}

const isGone = (result: ExecResult): boolean => /was not found|Unable to locate|404 {2}Not Found/.test(result.stderr);

async function writeAtomically(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === text) return;
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

async function readHostEntries(folder: string): Promise<AptEntry[]> {
  const parts = join(folder, 'sources.list.d');
  const names = await readdir(parts).catch(() => [] as string[]);
  const files = [join(folder, 'sources.list'), ...names.toSorted().map((name) => join(parts, name))];
  const entries: AptEntry[] = [];
  for (const file of files) {
    const readable = await access(file).then(
      () => true,
      () => false,
    );
    if (!readable) continue;
    if (file.endsWith('.list')) entries.push(...parseOneLine(await readFile(file, 'utf8')));
    if (file.endsWith('.sources')) entries.push(...parseDeb822(await readFile(file, 'utf8')));
  }
  return entries;
}

/** apt's own warnings and errors, but for suites that the mirror does not carry and advice on configuration. */
export function problemLines(result: Pick<ExecResult, 'stderr'>): string[] {
  return result.stderr
    .split('\n')
    .filter((line) => /^[EW]: /.test(line))
    .filter((line) => !/does not have a Release file|configured multiple times|legacy trusted\.gpg/.test(line));
}

/** @param folder that apt writes to */
function aptError(what: string, problems: readonly string[], folder: string): MmapvetError {
  const text = problems.join('\n');
  const full = diskError(new MmapvetError('APT_FAILED', text), folder);
  if (isDiskError(full)) return full;
  for (const [pattern, code, sentence, hint] of APT_FAILURES)
    if (pattern.test(text)) return new MmapvetError(code, `${sentence} ("${what}").`, { hint, details: problems });
  return new MmapvetError('APT_FAILED', `"${what}" did not work.`, {
    hint: "Read apt's own lines above.",
    details: problems,
  });
}

/** `apt-cache madison`: `name | version | mirror suite/component arch Packages`. */
export function parseMadison(text: string): PackageVersion[] {
  return text.split('\n').flatMap((line) => {
    const [name, version, where] = line.split('|').map((part) => part.trim());
    const suite = /\s(\S+)\/\S+\s\S+\sPackages$/.exec(where ?? '')?.[1];
    return name === undefined || version === undefined || suite === undefined ? [] : [{ name, version, suite }];
  });
}

/** Newest first, as dpkg orders versions: apt's own order puts backports last. */
export async function sortVersions(
  versions: readonly PackageVersion[],
  signal?: AbortSignal,
): Promise<PackageVersion[]> {
  const sorted: PackageVersion[] = [];
  for (const entry of versions) {
    let place = 0;
    while (place < sorted.length && !(await isNewer(entry.version, sorted[place]!.version, signal))) place += 1;
    sorted.splice(place, 0, entry);
  }
  return sorted;
}

async function isNewer(left: string, right: string, signal: AbortSignal | undefined): Promise<boolean> {
  if (left === right) return false;
  const result = await run(['dpkg', '--compare-versions', left, 'gt', right], { allow: [1], signal });
  return result.exitCode === 0;
}
