/** A temporary home for one test: cache, tree and tools of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { EventBody } from '../../../harness/core/events.ts';
import { MmapvetError } from '../../../harness/core/errors.ts';
import type { KernelContext } from '../../../harness/kernel/context.ts';

const TOOLS = join(import.meta.dirname, '../../fixtures/programs/kernel-tools');

export interface Sandbox extends AsyncDisposable {
  readonly folder: string;
  readonly tree: string;
  readonly makeLog: string;
  readonly events: EventBody[];
  readonly context: KernelContext;
  readonly abort: AbortController;
}

export async function openSandbox(): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-test-'));
  const events: EventBody[] = [];
  const abort = new AbortController();
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('PATH', `${TOOLS}:${process.env['PATH']}`);
  vi.stubEnv('FAKE_MAKE_LOG', join(folder, 'make.log'));
  return {
    folder,
    tree: join(folder, 'tree'),
    makeLog: join(folder, 'make.log'),
    events,
    abort,
    context: { emit: (event) => events.push(event), signal: abort.signal, jobs: 2, logFolder: join(folder, 'logs') },
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function failure(promise: Promise<unknown>): Promise<MmapvetError> {
  const error: unknown = await promise.then(
    (value) => new Error(`expected a failure, got ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof MmapvetError) return error;
  throw error;
}
