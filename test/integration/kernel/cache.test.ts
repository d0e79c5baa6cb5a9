import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../../harness/core/lock.ts';
import { findEntry, makeEntry } from '../../../harness/kernel/cache.ts';
import { failure, openSandbox, type Sandbox } from './sandbox.ts';

const PROGRAM = join(import.meta.dirname, '../../fixtures/programs/make-entry.ts');

let box: Sandbox;
let log: string;
beforeEach(async () => {
  box = await openSandbox();
  log = join(box.folder, 'log');
});
afterEach(() => box[Symbol.asyncDispose]());

const start = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...args], { stdio: 'inherit', env: process.env });

const things = (): Promise<string[]> => readdir(join(box.folder, 'cache/mmapvet/things'));

async function waitForMaking(): Promise<void> {
  while ((await readFile(log, 'utf8').catch(() => '')) === '') await sleep(20);
}

test('two processes that want one entry make it once', async () => {
  const codes = await Promise.all([start('k', log), start('k', log)].map((child) => once(child, 'exit')));
  expect(codes).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(await readFile(log, 'utf8')).toBe('making\n');
  expect((await readdir(findEntry('things', 'k') ?? '')).toSorted()).toEqual(['half', 'whole']);
});

test('what a killed process had begun is never used, holds up nobody, and is cleared away', async () => {
  const killed = start('k', log, 'hang');
  await waitForMaking();
  const exited = once(killed, 'exit');
  killed.kill('SIGKILL');
  await exited;
  expect(findEntry('things', 'k')).toBeNull();
  expect(await things()).toHaveLength(1);
  const { folder, reused } = await makeEntry('things', 'k', (making) => writeFile(join(making, 'mine'), ''));
  expect(reused).toBe(false);
  expect(await readdir(folder)).toEqual(['mine']);
  expect(await things()).toEqual(['k']);
});

test('what a living process has begun is left alone', async () => {
  const other = start('other', log, 'hang');
  await waitForMaking();
  await makeEntry('things', 'k', (making) => writeFile(join(making, 'mine'), ''));
  expect(await things()).toHaveLength(2);
  other.kill('SIGKILL');
  await once(other, 'exit');
});

test('a failing fill leaves nothing, and a full disk says so', async () => {
  const full = (): Promise<void> =>
    Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
  expect(await failure(makeEntry('things', 'k', full))).toMatchObject({ code: 'NO_SPACE' });
  expect(await things()).toEqual([]);
});

test('waiting for a lock names its holder, and ends when told to', async () => {
  const path = join(box.folder, 'lock');
  const first = await takeLock(path);
  const holders: string[] = [];
  const abort = new AbortController();
  const second = takeLock(path, { onWait: (holder) => holders.push(holder) });
  const third = takeLock(path, { signal: abort.signal });
  while (holders.length === 0) await sleep(10);
  expect(holders).toEqual([String(process.pid)]);
  abort.abort(new Error('enough'));
  await expect(third).rejects.toThrow('enough');
  await first[Symbol.asyncDispose]();
  await (await second)[Symbol.asyncDispose]();
});
