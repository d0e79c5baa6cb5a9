/**
 * One build: a kernel with its module and probes for one source, target and profile. What is in the store is taken from
 * there; what is not is built in the source's object folder, where make finds out what an edit made stale.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../core/disk.ts';
import type { Profile, Target } from '../core/arch.ts';
import type { BuildIdentity } from '../core/events.ts';
import { MmapvetError } from '../core/errors.ts';
import { quoteCommand } from '../core/exec.ts';
import { cacheFolder } from '../core/paths.ts';
import { findEntry, keyOf, makeEntry } from './cache.ts';
import { listCommands, planBuildCommands, type BuildCommands } from './commands.ts';
import { configFiles, configure, readWantedConfig, wantedLines, type WantedConfig } from './config.ts';
import { configuredFeatures, forgetConfigured, rememberConfigured } from './configured.ts';
import { tell, type KernelContext } from './context.ts';
import { expectedObjects, rememberObjects } from './counts.ts';
import {
  buildGuestCode,
  findGuestCode,
  guestSourceKey,
  hasHook,
  parseFeatures,
  probeFeatures,
  requireDriverFolder,
  type GuestCode,
} from './guest.ts';
import { forgetGuestCode } from './guest-stamp.ts';
import { readKernel, storeKernel, type KernelFiles, type KernelParts } from './kernel-entry.ts';
import { runMake } from './make.ts';
import { notesFile, profileWords } from './profiled.ts';
import { guestFolder, objectFolder, seedObjects, stampFile } from './seed.ts';
import type { Source } from './source.ts';
import { inStage } from './stage.ts';
import { findToolchain, type Toolchain } from './toolchain.ts';

export interface BuildOptions {
  readonly target: Target;
  readonly profile: Profile;
  /** Lines of `--kconfig-add`. */
  readonly kconfigAdd: readonly string[];
  /** `--kconfig`: path of the user's own config. */
  readonly kconfig: string | undefined;
  /** Words of `--make-options`. */
  readonly makeOptions: readonly string[];
  readonly crossCompile: string | undefined;
  /** `--ccache-remote`. */
  readonly ccacheRemote?: string | undefined;
  /** `--driver`: an adapted copy of guest/driver. */
  readonly driver: string | undefined;
}

export interface BuildRequest extends BuildOptions {
  readonly source: Source;
  /** Files that are built to count what runs; the profile must have gcov. */
  readonly profiled?: readonly string[];
}

export interface Build extends GuestCode, KernelFiles {
  readonly identity: BuildIdentity;
  /** What gcov needs; null for a kernel that counts nothing. */
  readonly gcov: GcovNotes | null;
}

export interface GcovNotes {
  /** The gcov of the compiler that built the kernel. */
  readonly tool: string;
  /** Folder of the .gcno files, each in its place: mm/util.gcno. */
  readonly folder: string;
  /** Where the compiler found the source. */
  readonly source: string;
  /** Which files were to count, such as mm/util.c; one that this config leaves out has no .gcno. */
  readonly files: readonly string[];
}

export type BuildResult =
  | { readonly kind: 'built'; readonly build: Build }
  /** The kernel lacks the hook: nothing was built. */
  | { readonly kind: 'no-hook'; readonly features: readonly string[] };

/** Raised when the same inputs would give another result, or entries hold other files. */
const RECIPE = 1;

interface Prepared {
  readonly request: BuildRequest;
  readonly wanted: WantedConfig;
  readonly toolchain: Toolchain;
  readonly objects: string;
  readonly out: string;
  readonly commands: BuildCommands;
  readonly kernelKey: string;
  readonly guestKey: string;
  /** Of all that config and features are made by, but for the source. */
  readonly configKey: string;
}

/**
 * @throws MmapvetError CONFIG_FAILED, CONFIG_LOST, BUILD_FAILED, DRIVER_DOES_NOT_FIT, PROBES_FAILED, EXEC_MISSING, NO_SPACE
 */
export async function buildKernel(request: BuildRequest, context: KernelContext): Promise<BuildResult> {
  try {
    return await build(await prepare(request, context), context);
  } catch (error) {
    throw diskError(error, cacheFolder());
  }
}

/** What decides a build. */
export interface BuildKeys {
  readonly key: string;
  /** Of driver and probes. */
  readonly guestKey: string;
  readonly compiler: string;
}

/** What a build would be known by; nothing is built. @throws MmapvetError as buildKernel, for what is missing */
export async function buildKeys(request: BuildRequest, context: KernelContext): Promise<BuildKeys> {
  const { kernelKey, guestKey, toolchain } = await prepare(request, context);
  return { key: kernelKey, guestKey, compiler: toolchain.compiler };
}

async function prepare(request: BuildRequest, context: KernelContext): Promise<Prepared> {
  const { source, target, profile, driver } = request;
  if (driver !== undefined) await requireDriverFolder(driver);
  const choice = {
    arch: target.arch,
    makeOptions: request.makeOptions,
    crossCompile: request.crossCompile,
    ccacheRemote: request.ccacheRemote,
  };
  const [toolchain, wanted, guestSources] = await Promise.all([
    findToolchain(choice, context.signal),
    readWantedConfig(target, profile, request.kconfigAdd, request.kconfig),
    guestSourceKey(driver),
  ]);
  const kernelKey = keyOf(
    `kernel ${RECIPE}`,
    source.key,
    target.name,
    toolchain.identity,
    wanted.fragments.map((fragment) => fragment.text),
    wanted.kconfig?.text ?? '',
    ...(request.profiled === undefined ? [] : [['gcov', ...request.profiled]]),
  );
  const objects = join(source.objects, objectFolder(target, profile.name, toolchainKey(toolchain)));
  const out = guestFolder(objects);
  const commands = planBuildCommands({
    arch: target.arch,
    paths: { source: source.folder, objects, guestOut: out },
    make: [...toolchain.make, ...profileWords(request.profiled ?? [])],
    jobs: context.jobs,
    ...configFiles(wanted, objects),
  });
  return {
    request,
    wanted,
    toolchain,
    objects,
    out,
    kernelKey,
    guestKey: keyOf('guest', kernelKey, guestSources),
    configKey: keyOf(
      `configured ${RECIPE}`,
      toolchain.identity,
      wanted.fragments.map((fragment) => fragment.text),
      wanted.kconfig?.text ?? '',
      guestSources,
      listCommands(commands).map(({ command }) => quoteCommand(command)),
    ),
    commands,
  };
}

const toolchainKey = (toolchain: Toolchain): string => keyOf(toolchain.identity).slice(0, 8);

async function build(prepared: Prepared, context: KernelContext): Promise<BuildResult> {
  const { request, kernelKey, guestKey, objects, commands, toolchain } = prepared;
  const target = request.target.name;
  const [kernelEntry, guestCode] = [findEntry('kernels', kernelKey), await findGuestCode(guestKey)];
  if (kernelEntry !== null && guestCode !== null) {
    await inStage('build', target, request.profile.name, context, async () => ({ value: null, reused: true }));
    return { kind: 'built', build: await assemble(prepared, kernelEntry, guestCode, true) };
  }
  const known = findEntry('features', guestKey);
  if (known !== null) {
    const features = parseFeatures(await readFile(join(known, 'features.txt'), 'utf8'));
    if (!hasHook(features)) return { kind: 'no-hook', features };
  }
  await request.source.open();
  await seed(prepared, context);
  await mkdir(objects, { recursive: true });
  const intact = kernelEntry !== null && (await readStamp(objects)) === kernelKey;
  const probed = intact ? null : await configureAndProbe(prepared, context);
  if (probed !== null && !hasHook(probed)) return { kind: 'no-hook', features: probed };
  return inStage('build', target, request.profile.name, context, async (stage) => {
    const entry = intact
      ? kernelEntry
      : await compile(prepared, context, (done, total, object) => stage.progress(done, total, object));
    stage.progress(0, null, 'driver and probes');
    const places = { source: request.source.folder, objects, out: prepared.out, target, driver: request.driver };
    const recipe = prepared.configKey;
    const cache = cacheContext(context);
    const code = await buildGuestCode(guestKey, commands, places, toolchain, context, cache, probed, recipe);
    return { value: { kind: 'built', build: await assemble(prepared, entry, code, false) } as const };
  });
}

async function seed({ request, wanted, toolchain, objects }: Prepared, context: KernelContext): Promise<void> {
  const { target } = request;
  const key = toolchainKey(toolchain);
  const from = await seedObjects(objects, target, key, wantedLines(wanted), context.signal);
  if (from !== null) tell(context, `The ${target.name} build begins as a copy of "${from}".`);
}

const cacheContext = (context: KernelContext) => ({
  signal: context.signal,
  onWait: (text: string) => tell(context, text),
});

/** Configures, then asks for features before hours are spent on a kernel that has nothing to vet. */
async function configureAndProbe(prepared: Prepared, context: KernelContext): Promise<readonly string[]> {
  const { request, wanted, toolchain, objects, out, commands, guestKey, configKey } = prepared;
  const target = request.target.name;
  await rm(stampFile(objects), { force: true });
  const known = await configuredFeatures(objects, request.source.folder, configKey, context.signal);
  if (known !== null) return known;
  await forgetConfigured(objects);
  await forgetGuestCode(out);
  return inStage('config', target, request.profile.name, context, async () => {
    const places = { source: request.source.folder, objects, out, target, driver: request.driver };
    await configure(wanted, commands, places, toolchain, context);
    await runMake(commands.prepare, { ...makeOptions(prepared), failure: buildFailure(target) }, context);
    const features = await probeFeatures(commands, places, toolchain, context);
    if (!hasHook(features))
      await makeEntry(
        'features',
        guestKey,
        (making) => writeFile(join(making, 'features.txt'), `${features.join('\n')}\n`),
        cacheContext(context),
      );
    await rememberConfigured(objects, configKey, features);
    return { value: features };
  });
}

const makeOptions = ({ request, toolchain, objects, out }: Prepared) => ({
  env: toolchain.env,
  strip: [out, objects, request.source.folder],
  log: `build-${request.target.name}.log`,
});

const buildFailure =
  (target: string) =>
  (diagnosis: { readonly first: string | null; readonly lines: readonly string[] }, log: string): MmapvetError =>
    new MmapvetError('BUILD_FAILED', `The ${target} kernel does not build: ${diagnosis.first ?? 'see below'}.`, {
      hint: `Read all of the output in "${log}".`,
      details: diagnosis.lines,
    });

async function compile(
  prepared: Prepared,
  context: KernelContext,
  progress: (done: number, total: number | null, object: string) => void,
): Promise<string> {
  const { request, objects, kernelKey, commands } = prepared;
  const name = `${request.target.name}/${request.profile.name}`;
  const fresh = !existsSync(join(objects, 'vmlinux'));
  const total = fresh ? await expectedObjects(name) : null;
  let done = 0;
  await runMake(
    commands.kernel,
    {
      ...makeOptions(prepared),
      failure: buildFailure(request.target.name),
      onObject: (object) => {
        done += 1;
        progress(done, total === null ? null : Math.max(total, done), object);
      },
    },
    context,
  );
  const { folder } = await makeEntry(
    'kernels',
    kernelKey,
    (making) => storeKernel(objects, making, kernelParts(prepared)),
    cacheContext(context),
  );
  await writeFile(stampFile(objects), kernelKey);
  if (fresh) await rememberObjects(name, done);
  return folder;
}

const readStamp = (objects: string): Promise<string | null> => readFile(stampFile(objects), 'utf8').catch(() => null);

const kernelParts = ({ request, toolchain }: Prepared): KernelParts => ({
  image: request.target.arch.kernelImage,
  compiler: toolchain.compiler,
  notes: (request.profiled ?? []).map(notesFile),
});

async function assemble(prepared: Prepared, folder: string, code: GuestCode, reused: boolean): Promise<Build> {
  const { target, profile, profiled, source } = prepared.request;
  const { record, modules, notes, ...files } = await readKernel(folder, target.arch.kernelImage);
  const { kernelKey: key, guestKey, toolchain } = prepared;
  return {
    ...code,
    ...files,
    moreModules: [...code.moreModules, ...modules],
    identity: { target: target.name, profile: profile.name, key, ...record, guestKey, reused },
    gcov:
      profiled === undefined ? null : { tool: toolchain.gcov, folder: notes, source: source.folder, files: profiled },
  };
}
