/**
 * From what the user named to a source folder of our own, ready to build, with the series applied. The folder is ours until
 * the source is disposed of: nobody else syncs or builds there meanwhile. A package or tarball without a series is known
 * without a look into its folder, which is taken when somebody needs it: whoever has all built waits for nobody.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { diskError } from '../core/disk.ts';
import type { KernelIdentity } from '../core/events.ts';
import { cacheFolder } from '../core/paths.ts';
import { readJson } from '../core/read-json.ts';
import { unpackSourceDeb, unpackTarball } from './archive.ts';
import { markUsed } from './usage.ts';
import { entryFolder, keyOf, lockFor, makeEntry } from './cache.ts';
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
  /** Makes the folder ours, waiting for whoever has it; before anything is read or built there. */
  open(): Promise<void>;
}

/** A source that is not patched yet. */
interface Base {
  readonly identity: Omit<KernelIdentity, 'version' | 'series'>;
  readonly work: WorkFolder;
  readonly key: string;
  readonly modified: number | null;
  /** Known without a look into the folder; null: it has to be looked at. */
  readonly version: KernelVersion | null;
  /** Brings it in place, once. */
  open(): Promise<void>;
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
  const locks = new AsyncDisposableStack();
  try {
    const base = await resolveBase(spec, locks, context);
    const known = series.patches.length === 0 ? base.version : null;
    if (known === null) await base.open();
    // Not even for none of them in a folder that may be somebody else's.
    const patched =
      known === null ? await applyPatches(base.work, series.patches, { fuzz, signal: context.signal }) : [];
    const version = known ?? (await requireKernelTree(base.work.source, base.identity.source));
    return {
      identity: { ...base.identity, version: version.text, series: [...series.identity] },
      folder: base.work.source,
      objects: join(base.work.root, 'objects'),
      // What the patches make of the files, not their words: a new message is no reason to build again.
      key: keyOf('source', base.key, patched),
      version,
      modified: base.modified,
      open: () => base.open(),
      [Symbol.asyncDispose]: () => locks.disposeAsync(),
    };
  } catch (error) {
    await locks.disposeAsync();
    throw diskError(error, cacheFolder());
  }
}

async function resolveBase(spec: KernelSpec, locks: AsyncDisposableStack, context: KernelContext): Promise<Base> {
  switch (spec.kind) {
    case 'tree':
      return resolveTree(spec.folder, locks, context);
    case 'commit':
      return resolveCommit(spec, locks, context);
    case 'tarball':
      return resolveTarball(spec.file, locks, context);
    case 'deb':
      return resolveDeb(spec.name, spec.version, locks, context);
    case 'default': {
      const around = await findTreeAround(spec.cwd);
      return around === null ? resolveDeb(null, null, locks, context) : resolveTree(around, locks, context);
    }
  }
}

/** A tree and all of its commits have one working folder: what differs between them is all that is built again. */
async function openTree(
  named: string,
  locks: AsyncDisposableStack,
  context: KernelContext,
): Promise<{ readonly tree: string; readonly work: WorkFolder }> {
  const tree = await realpath(named);
  const id = keyOf('tree', tree);
  const work = workFolderAt(entryFolder('work', id));
  markUsed(work.root);
  await takeWork(id, named, locks, context);
  await mkdir(work.root, { recursive: true });
  await unpatch(work);
  return { tree, work };
}

async function resolveTree(named: string, locks: AsyncDisposableStack, context: KernelContext): Promise<Base> {
  await requireKernelTree(named, named);
  const { tree, work } = await openTree(named, locks, context);
  return baseOf(tree, work, await syncTree(tree, work, context.signal));
}

async function resolveCommit(
  spec: Extract<KernelSpec, { kind: 'commit' }>,
  locks: AsyncDisposableStack,
  context: KernelContext,
): Promise<Base> {
  const { tree, work } = await openTree(spec.folder, locks, context);
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
    version: null,
    async open() {},
  };
}

/** What never changes: its name is its content. */
interface Archive {
  readonly id: string;
  /** For who has to wait. */
  readonly what: string;
  readonly identity: Base['identity'];
  unpack(folder: string): Promise<void>;
}

async function archiveBase(archive: Archive, locks: AsyncDisposableStack, context: KernelContext): Promise<Base> {
  const { id, what, identity } = archive;
  const work = workFolderAt(entryFolder('work', id));
  const versionFile = join(work.root, 'version.json');
  const place = async (): Promise<void> => {
    try {
      await takeWork(id, what, locks, context);
      await makeEntry('work', id, (making) => archive.unpack(making), context);
      await unpatch(work);
      const version = await requireKernelTree(work.source, identity.source);
      await writeFile(versionFile, JSON.stringify(version));
    } catch (error) {
      throw diskError(error, cacheFolder());
    }
  };
  let placed: Promise<void> | null = null;
  if (existsSync(work.root)) markUsed(work.root);
  return {
    identity,
    work,
    key: id,
    modified: null,
    // One that somebody is just writing is not known yet.
    version: (await readJson(versionFile)) as KernelVersion | null,
    open: () => (placed ??= place()),
  };
}

async function resolveTarball(file: string, locks: AsyncDisposableStack, context: KernelContext): Promise<Base> {
  const archive: Archive = {
    id: keyOf('tarball', await hashFile(file)),
    what: file,
    identity: { source: file, commit: null, packageVersion: null, dirty: false },
    unpack: (folder) => unpackTarball(file, folder, context.signal),
  };
  return archiveBase(archive, locks, context);
}

async function resolveDeb(
  name: string | null,
  version: string | null,
  locks: AsyncDisposableStack,
  context: KernelContext,
): Promise<Base> {
  const apt = sourceArchive(context.signal, (text) => tell(context, text));
  const source: DebianSource =
    name !== null && version !== null
      ? { name, version }
      : await chooseDebianSource(apt, name, (text) => tell(context, text));
  const archive: Archive = {
    id: keyOf('deb', source.name, source.version),
    what: `${source.name} ${source.version}`,
    identity: {
      source: `deb:${source.name}=${source.version}`,
      commit: null,
      packageVersion: source.version,
      dirty: false,
    },
    async unpack(folder) {
      await unpackSourceDeb(await apt.download(source.name, source.version), folder, context.signal);
      await rememberUnpacked(folder, source);
    },
  };
  return archiveBase(archive, locks, context);
}

async function takeWork(id: string, what: string, locks: AsyncDisposableStack, context: KernelContext): Promise<void> {
  const onWait = (text: string): void => tell(context, text);
  locks.use(await lockFor(`work-folder-${id}`, `our copy of ${what}`, { signal: context.signal, onWait }));
}

async function hashFile(file: string): Promise<string> {
  await stat(file);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
