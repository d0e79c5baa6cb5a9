/** From a plan to something that boots: the kernel source once, then a build and an image for each target. */
import { basename } from 'node:path';
import { HOST_TARGET, SUITE_PROGRAMS, type SuiteName } from '../contract/suites.ts';
import { ARCHS, type Target } from '../core/arch.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import type { Emit, KernelIdentity } from '../core/events.ts';
import { cacheFolder } from '../core/paths.ts';
import { plural } from '../core/words.ts';
import { buildImage } from '../image/image.ts';
import {
  buildKernel,
  buildKeys,
  type Build,
  type BuildKeys,
  type BuildRequest,
  type BuildResult,
} from '../kernel/build.ts';
import { buildDirKeys, identifyBuildDir, useBuildDir } from '../kernel/build-dir.ts';
import type { KernelContext } from '../kernel/context.ts';
import { readGitTree } from '../kernel/git.ts';
import { profiledFiles } from '../kernel/profiled.ts';
import { readRange } from '../kernel/range.ts';
import { onTopOf, readSeries, type Series } from '../kernel/series.ts';
import { resolveSource, type Source } from '../kernel/source.ts';
import { parseKernelSpec, type KernelSpec } from '../kernel/spec.ts';
import { inStage } from '../kernel/stage.ts';
import { buildSelftests, buildVmaUserland, type SuiteBuild } from '../kernel/suites.ts';
import { findToolchain, type Toolchain } from '../kernel/toolchain.ts';
import { trailersOf } from '../kernel/trailers.ts';
import { findTreeAround, requireKernelTree } from '../kernel/version.ts';
import { chooseAccel } from '../machine/accel.ts';
import type { GuestRequest } from '../machine/start.ts';
import { machineFor } from '../machine/machine.ts';
import { NO_CHANGES, readChanges, type Changes } from './coverage.ts';
import type { BuildPlan, RunPlan } from './plan.ts';
import type { Userland } from './suite-vet.ts';

export interface PrepareContext {
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly logFolder: string;
}

/** Where kernels come from: our own copy of a source, or a folder that the user has built. */
type Origin =
  { readonly kind: 'source'; readonly source: Source } | { readonly kind: 'build-dir'; readonly folder: string };

/** What is built, with the kernel's own tests where some are asked for. */
type SuitePlan = BuildPlan & Partial<Pick<RunPlan, 'programs'>>;

/** The kernel that is vetted, ours until disposed of. */
export interface Kernel extends AsyncDisposable {
  readonly plan: SuitePlan;
  readonly origin: Origin;
  readonly version: string;
  readonly identity: KernelIdentity;
  readonly context: KernelContext;
  /** Of the series; read only where coverage is asked for. */
  readonly changes: Changes;
}

export type Prepared =
  | {
      readonly kind: 'built';
      readonly target: Target;
      readonly kernelVersion: string;
      readonly build: Build;
      /** Content keys of what boots: kernel and initrd. */
      readonly contents: readonly string[];
      readonly changes: Changes;
      readonly guest: Omit<GuestRequest, 'consoleFile'>;
      /** Null where none were asked for, or where there is no source to build them from. */
      readonly selftests: SuiteBuild | MmapvetError | null;
    }
  | {
      readonly kind: 'no-hook';
      readonly target: Target;
      readonly kernelVersion: string;
      readonly features: readonly string[];
    };

/** What the user named, read before anything is written. */
export interface Inputs {
  readonly spec: KernelSpec;
  readonly series: Series;
  /** What the user has to know of them. */
  readonly notes: readonly string[];
}

/** @throws MmapvetError (usage) for a kernel or patch that is not there, or not what it should be */
export async function readInputs(plan: BuildPlan, signal?: AbortSignal): Promise<Inputs> {
  const cwd = process.cwd();
  requireCachePath();
  if (plan.range !== undefined) return readRangeInputs(plan, plan.range, cwd, signal);
  const spec = parseKernelSpec(plan.kernel, cwd);
  if (spec.kind === 'tree') await requireKernelTree(spec.folder, plan.kernel ?? spec.folder);
  if (plan.buildDir !== undefined) await identifyBuildDir(plan.buildDir);
  return { spec, series: await readSeries(plan.patches, cwd, signal), notes: [] };
}

/** @throws MmapvetError CACHE_PATH */
export function requireCachePath(): void {
  if (!/[\s:]/.test(cacheFolder())) return;
  throw usageError(
    'CACHE_PATH',
    `The cache folder "${cacheFolder()}" has a blank or colon in its path, which the kernel's make can't handle.`,
    'Set XDG_CACHE_HOME to another folder.',
  );
}

/** A git tree of the user's, whose commits are wanted. */
export interface GitTree {
  readonly folder: string;
  /** What the user has to know of it. */
  readonly notes: readonly string[];
}

/**
 * The tree that `--kernel` names, or that the current folder lies in.
 * @param asking what wants its commits, for the words
 * @throws MmapvetError RANGE_NO_GIT
 */
export async function findGitTree(kernel: string | undefined, asking: string, signal?: AbortSignal): Promise<GitTree> {
  const cwd = process.cwd();
  const spec = parseKernelSpec(kernel, cwd);
  const folder = spec.kind === 'tree' ? spec.folder : spec.kind === 'default' ? await findTreeAround(cwd) : null;
  if (folder === null)
    throw usageError(
      'RANGE_NO_GIT',
      `${asking} needs a git tree, ${kernel === undefined ? 'and the current folder lies in none' : `and "${kernel}" is none`}.`,
      'Run it in a git tree of a kernel, or give one with --kernel.',
    );
  const modified = (await readGitTree(folder, signal))?.modified ?? 0;
  const what = `${plural(modified, 'file')} of "${folder}" that ${modified === 1 ? 'differs' : 'differ'} from its commit`;
  return { folder, notes: modified === 0 ? [] : [`Left out: ${what}, since ${asking} takes commits.`] };
}

/** The tip of a range, with its commits and then the patches as its series. */
async function readRangeInputs(plan: BuildPlan, text: string, cwd: string, signal?: AbortSignal): Promise<Inputs> {
  const { folder, notes } = await findGitTree(plan.kernel, `"--range ${text}"`, signal);
  const range = await readRange(folder, text, signal);
  return {
    spec: { kind: 'commit', folder, base: range.base, commit: range.tip },
    series: onTopOf(range, await readSeries(plan.patches, cwd, signal)),
    notes,
  };
}

export async function prepareKernel(plan: SuitePlan, inputs: Inputs, context: PrepareContext): Promise<Kernel> {
  const { emit, signal, logFolder } = context;
  const kernelContext: KernelContext = { emit, signal, logFolder, jobs: plan.jobs };
  if (plan.buildDir !== undefined) {
    const identity = await identifyBuildDir(plan.buildDir, signal);
    emit({ kind: 'kernel', kernel: identity });
    const origin: Origin = { kind: 'build-dir', folder: plan.buildDir };
    const kernel = { plan, origin, version: identity.version, identity, context: kernelContext, changes: NO_CHANGES };
    return { ...kernel, async [Symbol.asyncDispose]() {} };
  }
  for (const text of inputs.notes) emit({ kind: 'note', target: null, level: 'warning', text });
  await using stack = new AsyncDisposableStack();
  const source = await inStage('source', null, plan.kernel ?? '', kernelContext, async () => ({
    value: await resolveSource(inputs.spec, inputs.series, kernelContext, plan.fuzz),
  }));
  stack.use(source);
  const identity = { ...source.identity, ...(await trailersOf(plan.patches)) };
  emit({ kind: 'kernel', kernel: identity });
  const changes = plan.coverage ? await readChanges(source, signal) : NO_CHANGES;
  const ours = stack.move();
  return {
    plan,
    origin: { kind: 'source', source },
    version: source.version.text,
    identity,
    context: kernelContext,
    changes,
    [Symbol.asyncDispose]: () => ours.disposeAsync(),
  };
}

/** What a plan builds for a target. */
function requestOf(kernel: Kernel, source: Source, target: Target): BuildRequest {
  const { plan, changes } = kernel;
  const profiled = plan.coverage ? { profiled: profiledFiles(changes.files.map(({ path }) => path)) } : {};
  return { ...plan, source, target, ...profiled };
}

function buildFrom(kernel: Kernel, target: Target): Promise<BuildResult> {
  const { plan, origin, context } = kernel;
  switch (origin.kind) {
    case 'source':
      return buildKernel(requestOf(kernel, origin.source, target), context);
    case 'build-dir':
      return useBuildDir(origin.folder, { ...plan, target }, context);
  }
}

/** What the target's build would be known by; nothing is built. */
export function keysOfTarget(kernel: Kernel, target: Target): Promise<BuildKeys> {
  const { plan, origin, context } = kernel;
  switch (origin.kind) {
    case 'source':
      return buildKeys(requestOf(kernel, origin.source, target), context);
    case 'build-dir':
      return buildDirKeys(origin.folder, { ...plan, target }, context);
  }
}

export async function prepareTarget(kernel: Kernel, target: Target): Promise<Prepared> {
  const { plan, context } = kernel;
  const { emit, signal } = context;
  signal.throwIfAborted();
  const result = await buildFrom(kernel, target);
  if (result.kind === 'no-hook') return { ...result, target, kernelVersion: kernel.version };
  const { build } = result;
  emit({ kind: 'build', build: build.identity });
  const image = await inStage('image', target.name, '', context, async () => {
    const value = await buildImage(target.arch, build, {
      guestDebs: plan.guestDebs,
      packages: plan.profile.packages,
      signal,
      note: (text) => emit({ kind: 'note', target: target.name, level: 'info', text }),
    });
    return { value, reused: value.reused };
  });
  // All of them, whichever are run: they are stored as one.
  const names = SUITE_PROGRAMS.flatMap(({ suite, name: each }) => (suite === 'selftests-mm' ? [each] : []));
  const selftests = await buildSuite(kernel, 'selftests-mm', target, (request) =>
    buildSelftests(request, names, context),
  );
  const machine = machineFor(target.name, plan.profile);
  const boot = { kernel: build.kernel, initrd: image.file };
  const { accel, why } = await chooseAccel(plan.accel, target.arch, machine, boot, signal);
  if (why !== '') emit({ kind: 'note', target: target.name, level: 'info', text: `Guests are emulated: ${why}.` });
  return {
    kind: 'built',
    target,
    kernelVersion: build.identity.release,
    build,
    contents: [build.identity.key, image.key],
    changes: kernel.changes,
    guest: { machine, accel, ...boot, kernelArgs: plan.kernelArgs, qemuArgs: plan.qemuArgs },
    selftests,
  };
}

/** A suite that does not build is no reason to vet nothing else. */
async function buildSuite(
  kernel: Kernel,
  name: SuiteName,
  target: Pick<Target, 'name' | 'arch'>,
  build: (request: {
    readonly source: Source;
    readonly toolchain: Toolchain;
    readonly who: string;
  }) => Promise<SuiteBuild>,
): Promise<SuiteBuild | MmapvetError | null> {
  const { plan, origin, context } = kernel;
  if (plan.programs?.some(({ suite }) => suite === name) !== true || origin.kind !== 'source') return null;
  const { arch } = target;
  try {
    return await inStage('build', target.name, name, context, async () => {
      const toolchain = await findToolchain({ ...plan, arch }, context.signal);
      await origin.source.open();
      return { value: await build({ source: origin.source, toolchain, who: arch.name }) };
    });
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof MmapvetError)) throw error;
    return error;
  }
}

/** The tests that run on this machine, for the whole kernel. */
export async function prepareUserland(kernel: Kernel): Promise<Userland> {
  const arch = ARCHS.find(({ nodeArch }) => nodeArch === process.arch) ?? ARCHS[0]!;
  const { context, plan, version: kernelVersion } = kernel;
  const build = await buildSuite(kernel, 'vma-userland', { name: HOST_TARGET, arch }, (request) =>
    buildVmaUserland(request, context),
  );
  if (build !== null && !(build instanceof MmapvetError)) {
    // What a report asks of every target; of this one there is no kernel.
    const { compiler } = await findToolchain({ ...plan, arch }, context.signal);
    const identity = { target: HOST_TARGET, profile: plan.profile.name, key: basename(build.folder), compiler };
    context.emit({ kind: 'build', build: { ...identity, configHash: '', release: kernelVersion, reused: false } });
  }
  return { kernelVersion, build };
}
