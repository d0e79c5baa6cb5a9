/** The driver module and the probes, built against a kernel; keyed apart from it, so that editing a probe builds no kernel. */
import { hash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MmapvetError } from '../core/errors.ts';
import { GUEST } from '../core/paths.ts';
import { findEntry, keyOf, makeEntry, type CacheContext } from './cache.ts';
import { stagedDriver, stagedGuest, type BuildCommands } from './commands.ts';
import type { KernelContext } from './context.ts';
import { beginGuestCode, isGuestCodeCurrent } from './guest-stamp.ts';
import { runMake } from './make.ts';
import type { Toolchain } from './toolchain.ts';
import { filesBelow } from './work.ts';

export interface GuestCode {
  readonly module: string;
  /** What is loaded by a clause that needs it: our helpers and the kernel's own modules. */
  readonly moreModules: readonly string[];
  readonly probes: string;
  /** All of them in one object: what a user's own probe is linked with. */
  readonly library: string;
  /** Process 1 of our guests. */
  readonly init: string;
  /** What it preloads into its sshd. */
  readonly hold: string;
  readonly features: readonly string[];
}

/** Without either of these there is nothing to vet. */
export const HOOK_FEATURES = ['prepare', 'mapped'] as const;

export const hasHook = (features: readonly string[]): boolean => HOOK_FEATURES.every((name) => features.includes(name));

/** Helper modules, which guest/driver/Kbuild makes where the kernel has what they help with. */
const HELPER = /^mmapvet-\w+\.ko$/;

const SOURCES = /(?:\.[chS]|\.sh|Kbuild|Makefile)$/;

/** Content id of guest/ (and of an adapted driver), products left out. */
export async function guestSourceKey(driver: string | undefined): Promise<string> {
  const folders = [
    join(GUEST, 'probes'),
    join(GUEST, 'driver'),
    join(GUEST, 'rootfs'),
    ...(driver === undefined ? [] : [driver]),
  ];
  const parts = [hash('sha256', await readFile(join(GUEST, 'Makefile')))];
  for (const folder of folders)
    for (const file of await filesBelow(folder))
      if (SOURCES.test(file) && !/\.(?:mod|gen)\.[ch]$/.test(file))
        parts.push(`${file} ${hash('sha256', await readFile(join(folder, file)))}`);
  return keyOf('guest-sources', parts);
}

export function parseFeatures(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export const guestCodeIn = async (folder: string): Promise<GuestCode> => ({
  module: join(folder, 'mmapvet.ko'),
  moreModules: (await readdir(folder)).filter((file) => HELPER.test(file)).map((file) => join(folder, file)),
  probes: join(folder, 'mmapvet-probes'),
  library: join(folder, 'probes.o'),
  init: join(folder, 'init'),
  hold: join(folder, 'hold.so'),
  features: parseFeatures(await readFile(join(folder, 'features.txt'), 'utf8')),
});

export async function findGuestCode(key: string): Promise<GuestCode | null> {
  const folder = findEntry('guests', key);
  return folder === null ? null : guestCodeIn(folder);
}

interface GuestPlaces {
  /** `--driver`. */
  readonly driver: string | undefined;
  readonly source: string;
  readonly objects: string;
  readonly out: string;
  readonly target: string;
}

/**
 * Copies the sources, so that make rebuilds only what differs from the last build here. That may have been of another
 * checkout or driver, whose files can be the newer ones: the copy's own time counts, and only a new content changes it.
 */
export async function stageGuest({ out, driver }: Pick<GuestPlaces, 'out' | 'driver'>): Promise<void> {
  await stageSources(GUEST, stagedGuest(out), (file) => !file.startsWith('driver/'));
  await stageSources(driver ?? join(GUEST, 'driver'), stagedDriver(out));
}

export async function stageSources(
  from: string,
  to: string,
  wanted: (file: string) => boolean = () => true,
): Promise<void> {
  const ours = (file: string): boolean => SOURCES.test(file) && wanted(file);
  const files = (await filesBelow(from)).filter(ours);
  for (const file of await filesBelow(to)) if (wanted(file) && !files.includes(file)) await rm(join(to, file));
  for (const file of files) {
    const content = await readFile(join(from, file));
    const before = await readFile(join(to, file)).catch(() => null);
    if (before?.equals(content) === true) continue;
    await mkdir(dirname(join(to, file)), { recursive: true });
    await copyFile(join(from, file), join(to, file));
  }
}

/**
 * What the kernel in the object folder has, by compile probes; `make modules_prepare` must have run there.
 * @throws MmapvetError FEATURES_FAILED
 */
export async function probeFeatures(
  commands: BuildCommands,
  places: GuestPlaces,
  toolchain: Toolchain,
  context: KernelContext,
): Promise<string[]> {
  await stageGuest(places);
  await runMake(
    commands.features,
    {
      env: toolchain.env,
      strip: [places.out, places.objects, places.source],
      log: `build-${places.target}.log`,
      failure: (diagnosis, log) =>
        new MmapvetError(
          'FEATURES_FAILED',
          `What the ${places.target} kernel has could not be found out: ${diagnosis.first ?? 'see below'}.`,
          { hint: `Read "${log}".`, details: diagnosis.lines },
        ),
    },
    context,
  );
  return parseFeatures(await readFile(join(places.out, 'features.txt'), 'utf8'));
}

/**
 * Builds module and probes and stores them.
 * @param known the kernel's features where they have been probed already
 * @param recipe key of all that they are built by but the kernel; null: only make knows whether they are current
 * @throws MmapvetError FEATURES_FAILED, DRIVER_DOES_NOT_FIT naming the first mismatch, PROBES_FAILED
 */
export async function buildGuestCode(
  key: string,
  commands: BuildCommands,
  places: GuestPlaces,
  toolchain: Toolchain,
  context: KernelContext,
  cache: CacheContext,
  known: readonly string[] | null,
  recipe: string | null,
): Promise<GuestCode> {
  const features = known ?? (await probeFeatures(commands, places, toolchain, context));
  // A kernel without it is not built at all, so this one had it when it was.
  if (!hasHook(features))
    throw new MmapvetError(
      'FEATURES_FAILED',
      `No compile probe finds the hook in the ${places.target} kernel any more.`,
      {
        hint: `See in "${join(places.out, 'driver/features.log')}" why they fail.`,
      },
    );
  if (recipe === null || !(await isGuestCodeCurrent(places, recipe))) {
    await stageGuest(places);
    const built = recipe === null ? null : await beginGuestCode(places, recipe);
    await runMake(
      commands.guest,
      {
        env: toolchain.env,
        strip: [stagedGuest(places.out), places.out, places.objects, places.source],
        log: `build-${places.target}.log`,
        failure: (diagnosis, log) => guestFailure(diagnosis.first, diagnosis.lines, log, places.target),
      },
      context,
    );
    await built?.();
  }
  const { folder } = await makeEntry(
    'guests',
    key,
    async (making) => {
      for (const file of await readdir(join(places.out, 'driver')))
        if (file === 'mmapvet.ko' || HELPER.test(file)) await cp(join(places.out, 'driver', file), join(making, file));
      await cp(join(places.out, 'mmapvet-probes'), join(making, 'mmapvet-probes'));
      await cp(join(places.out, 'probes.o'), join(making, 'probes.o'));
      await cp(join(places.out, 'init'), join(making, 'init'));
      await cp(join(places.out, 'hold.so'), join(making, 'hold.so'));
      await writeFile(join(making, 'features.txt'), `${features.join('\n')}\n`);
    },
    cache,
  );
  return guestCodeIn(folder);
}

function guestFailure(first: string | null, lines: readonly string[], log: string, target: string): MmapvetError {
  const probes = first?.includes('probes/') === true;
  if (probes)
    return new MmapvetError('PROBES_FAILED', `The probes do not build for ${target}: ${first}.`, {
      hint: `Read "${log}".`,
      details: lines,
    });
  return new MmapvetError(
    'DRIVER_DOES_NOT_FIT',
    `The driver does not fit this ${target} kernel: ${first ?? 'see below'}.`,
    {
      hint: `Adapt a copy of guest/driver and give it with --driver; all of the output is in "${log}".`,
      details: lines,
    },
  );
}

/** @throws MmapvetError DRIVER_FOLDER */
export async function requireDriverFolder(driver: string): Promise<void> {
  const names = await readdir(driver).catch(() => [] as string[]);
  if (names.includes('Kbuild') && existsSync(join(driver, 'mmapvet.h'))) return;
  throw new MmapvetError('DRIVER_FOLDER', `"${driver}" is no copy of the driver: it lacks Kbuild or mmapvet.h.`, {
    blame: 'usage',
    hint: 'Copy guest/driver and change the copy.',
  });
}
