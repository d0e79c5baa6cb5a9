/** What a host has besides tools: memory, room on the disk, hardware virtualisation, git. */
import { constants } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cacheFolder } from '../core/paths.ts';
import { findProgram } from './find.ts';

const GIB = 1024 ** 3;

/** Two guests of 512 MB, and a compiler on each core beside them. */
const MEMORY_NEEDED = 2 * GIB;
/** An unpacked kernel source is 1.7 GB; two builds, their ccache and Node are as much again. */
const DISK_NEEDED = 4 * GIB;

/** `enough` and `low` are measured against a need; a `note` only informs. */
export interface MachineFact {
  readonly kind: 'enough' | 'low' | 'note';
  readonly name: string;
  readonly text: string;
  readonly hint?: string;
}

export async function machineFacts(): Promise<MachineFact[]> {
  return Promise.all([memory(), disk(cacheFolder()), kvm(), git()]);
}

/** `MemAvailable` of a /proc/meminfo, in bytes; null where it has none. */
export function availableMemory(meminfo: string): number | null {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

async function memory(): Promise<MachineFact> {
  const free = availableMemory(await readFile('/proc/meminfo', 'utf8').catch(() => ''));
  if (free === null) return { kind: 'note', name: 'memory', text: 'unknown: /proc/meminfo does not say' };
  return measure('memory', free, MEMORY_NEEDED, 'free', 'End other programs, or give the machine more memory.');
}

async function disk(folder: string): Promise<MachineFact> {
  const { bavail, bsize } = await statfs(await nearest(folder));
  const hint = 'Free some space, or set XDG_CACHE_HOME to a folder on a larger disk.';
  return measure('disk', bavail * bsize, DISK_NEEDED, `free for "${folder}"`, hint);
}

function measure(name: string, have: number, need: number, where: string, hint: string): MachineFact {
  const text = `${(have / GIB).toFixed(1)} GB ${where}`;
  if (have >= need) return { kind: 'enough', name, text };
  return { kind: 'low', name, text: `${text}, a first run takes ${need / GIB} GB`, hint };
}

/** The folder itself or the nearest one above it that is there. */
async function nearest(folder: string): Promise<string> {
  const there = await access(folder).then(
    () => true,
    () => false,
  );
  return there || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

async function kvm(): Promise<MachineFact> {
  const name = '/dev/kvm';
  const can = (mode: number) =>
    access(name, mode).then(
      () => true,
      () => false,
    );
  if (!(await can(constants.F_OK)))
    return { kind: 'note', name, text: 'not there: every guest is emulated, which works but is slower' };
  if (!(await can(constants.R_OK | constants.W_OK)))
    return { kind: 'note', name, text: 'not yours to open: every guest is emulated', hint: 'Join the group kvm.' };
  return { kind: 'note', name, text: "opens; a trial guest decides whether it's used" };
}

async function git(): Promise<MachineFact> {
  const path = await findProgram('git');
  const text = path ?? "not there: only needed for kernel trees that are git's";
  return { kind: 'note', name: 'git', text };
}
