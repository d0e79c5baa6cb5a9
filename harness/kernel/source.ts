/**
 * From what the user named to a source folder of our own, ready to build, with the series applied. The folder is ours until
 * the source is disposed of: nobody else syncs or builds there meanwhile.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { KernelIdentity } from '../core/events.ts';
import { cacheFolder } from '../core/paths.ts';
import { unpackSourceDeb, unpackTarball } from './archive.ts';
import { markUsed } from './usage.ts';
import { entryFolder, keyOf, lockFor, makeEntry, orNoSpace } from './cache.ts';
import { tell, type KernelContext } from './context.ts';
import { chooseDebianSource, rememberUnpacked, sourceArchive, type DebianSource } from './debian.ts';
import { applyPatches } from './apply.ts';
import { syncCommit } from './commit.ts';
import type { Series } from './series.ts';
import type { KernelSpec } from './spec.ts';
import { syncTree, type TreeFacts } from './tree.ts';
import { findTreeAround, requireKernelTree, type KernelVersion } from './version.ts';
import { unpatch, workFolderAt, type WorkFolder } from './work.ts';

export interface Source extends AsyncDisposable {
  readonly identity: KernelIdentity;
  /** Our own copy, patched. Its parent is the working folder. */
  readonly folder: string;
  /** Where object folders go; the same relative place for every source, for ccache's sake. */
  readonly objects: string;
  /** Content id of source and series. */
  readonly key: string;
  readonly version: KernelVersion;
  /** Files that differ from the commit; null where nobody can tell. */
  readonly modified: number | null;
}

/** A source that is in place but not patched yet. */
interface Base {
  readonly identity: Omit<KernelIdentity, 'version' | 'series'>;
  readonly work: WorkFolder;
  readonly key: string;
  readonly modified: number | null;
}

/**
 * @throws MmapvetError KERNEL_NOT_A_TREE, KERNEL_UNREADABLE, KERNEL_NO_PACKAGE, APT_GONE, APT_NETWORK, APT_SIGNATURE,
 * PATCH_FAILED, TREE_CHANGES, NO_SPACE
 */
export async function resolveSource(
  spec: KernelSpec,
  series: Series,
  context: KernelContext,
  fuzz = 0,
): Promise<Source> {
  await using stack = new AsyncDisposableStack();
  try {
    const base = await resolveBase(spec, stack, context);
    const patched = await applyPatches(base.work, series.patches, { fuzz, signal: context.signal });
    const version = await requireKernelTree(base.work.source, base.identity.source);
    const locks = stack.move();
    return {
      identity: { ...base.identity, version: version.text, series: [...series.identity] },
      folder: base.work.source,
      objects: join(base.work.root, 'objects'),
      // What the patches make of the files, not their words: a new message is no reason to build again.
      key: keyOf('source', base.key, patched),
      version,
      modified: base.modified,
      [Symbol.asyncDispose]: () => locks.disposeAsync(),
    };
  } catch (error) {
    throw orNoSpace(error, cacheFolder());
  }
}

async function resolveBase(spec: KernelSpec, stack: AsyncDisposableStack, context: KernelContext): Promise<Base> {
  switch (spec.kind) {
    case 'tree':
      return resolveTree(spec.folder, stack, context);
    case 'commit':
      return resolveCommit(spec, stack, context);
    case 'tarball':
      return resolveTarball(spec.file, stack, context);
    case 'deb':
      return resolveDeb(spec.name, spec.version, stack, context);
    case 'default': {
      const around = await findTreeAround(spec.cwd);
      return around === null ? resolveDeb(null, null, stack, context) : resolveTree(around, stack, context);
    }
  }
}

/** A tree and all of its commits have one working folder: what differs between them is all that is built again. */
async function openTree(
  named: string,
  stack: AsyncDisposableStack,
  context: KernelContext,
): Promise<{ readonly tree: string; readonly work: WorkFolder }> {
  const tree = await realpath(named);
  const id = keyOf('tree', tree);
  const work = workFolderAt(entryFolder('work', id));
  markUsed(work.root);
  await takeWork(id, named, stack, context);
  await mkdir(work.root, { recursive: true });
  await unpatch(work);
  return { tree, work };
}

async function resolveTree(named: string, stack: AsyncDisposableStack, context: KernelContext): Promise<Base> {
  await requireKernelTree(named, named);
  const { tree, work } = await openTree(named, stack, context);
  return baseOf(tree, work, await syncTree(tree, work, context.signal));
}

async function resolveCommit(
  spec: Extract<KernelSpec, { kind: 'commit' }>,
  stack: AsyncDisposableStack,
  context: KernelContext,
): Promise<Base> {
  const { tree, work } = await openTree(spec.folder, stack, context);
  const facts = await syncCommit(tree, spec.commit, work, context.signal);
  return baseOf(tree, work, { ...facts, commit: spec.base });
}

function baseOf(tree: string, work: WorkFolder, facts: TreeFacts): Base {
  const dirty = (facts.modified ?? 0) > 0;
  return {
    identity: { source: tree, commit: facts.commit, packageVersion: null, dirty },
    work,
    key: facts.key,
    modified: facts.modified,
  };
}

async function resolveTarball(file: string, stack: AsyncDisposableStack, context: KernelContext): Promise<Base> {
  const id = keyOf('tarball', await hashFile(file));
  await takeWork(id, file, stack, context);
  const { folder } = await makeEntry('work', id, (making) => unpackTarball(file, making, context.signal), context);
  const work = workFolderAt(folder);
  await unpatch(work);
  return {
    identity: { source: file, commit: null, packageVersion: null, dirty: false },
    work,
    key: id,
    modified: null,
  };
}

async function resolveDeb(
  name: string | null,
  version: string | null,
  stack: AsyncDisposableStack,
  context: KernelContext,
): Promise<Base> {
  const apt = sourceArchive(context.signal, (text) => tell(context, text));
  const source: DebianSource =
    name !== null && version !== null
      ? { name, version }
      : await chooseDebianSource(apt, name, (text) => tell(context, text));
  const id = keyOf('deb', source.name, source.version);
  await takeWork(id, `${source.name} ${source.version}`, stack, context);
  const { folder } = await makeEntry(
    'work',
    id,
    async (making) => {
      await unpackSourceDeb(await apt.download(source.name, source.version), making, context.signal);
      await rememberUnpacked(making, source);
    },
    context,
  );
  const work = workFolderAt(folder);
  await unpatch(work);
  const identity = { commit: null, packageVersion: source.version, dirty: false };
  return { identity: { source: `deb:${source.name}=${source.version}`, ...identity }, work, key: id, modified: null };
}

async function takeWork(id: string, what: string, stack: AsyncDisposableStack, context: KernelContext): Promise<void> {
  const onWait = (text: string): void => tell(context, text);
  stack.use(await lockFor(`work-folder-${id}`, `our copy of ${what}`, { signal: context.signal, onWait }));
}

async function hashFile(file: string): Promise<string> {
  await stat(file);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
