/**
 * Verdicts that were reached before, by all that they depend on: kernel, image and machine, the cells and how they are run,
 * known trouble, and the code that judges. Every run leaves its own; only a question that says so takes them.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { dayOf, isExpired, type AllowEntry } from '../contract/allow.ts';
import { Cell, type Event } from '../core/events.ts';
import type { Outcome } from '../core/outcome.ts';
import { PROJECT } from '../core/paths.ts';
import { findEntry, keyOf, makeEntry } from '../kernel/cache.ts';
import { snapshotKey } from '../machine/snapshot.ts';
import type { RunPlan } from './plan.ts';
import type { Prepared } from './prepare.ts';

/** The kind of entry in the store. */
const VERDICTS = 'verdicts';
const RECIPE = 1;

const StoredVerdicts = z.object({ at: z.iso.datetime(), folder: z.string(), cells: z.array(Cell) });
/** When and in which run folder the cells were decided. */
export type StoredVerdicts = z.infer<typeof StoredVerdicts>;

/** What decides a verdict beside the kernel. */
const JUDGES = ['contract', 'probe', 'results', 'run'].map((name) => join(PROJECT, 'harness', name));

let judgeKey: Promise<string> | null = null;

async function hashJudges(): Promise<string> {
  const files = await Promise.all(
    JUDGES.map(async (folder) =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    ),
  );
  const texts = await Promise.all(
    files
      .flat()
      .toSorted()
      .map((file) => readFile(file, 'utf8')),
  );
  return keyOf('judges', texts);
}

export async function verdictsKey(
  prepared: Extract<Prepared, { kind: 'built' }>,
  plan: RunPlan,
  allow: readonly AllowEntry[],
): Promise<string> {
  const { isolate, boot, repeats, confirm, probeSeconds, seed, lie } = plan;
  judgeKey ??= hashJudges();
  return keyOf(
    `verdicts ${RECIPE}`,
    await judgeKey,
    await snapshotKey(prepared.guest, prepared.contents),
    prepared.target.name,
    plan.profile.name,
    plan.checks.map(({ clause, path }) => `${clause.id}.${path}`),
    JSON.stringify({ isolate, boot, repeats, confirm, probeSeconds, seed, lie }),
    live(allow).map((entry) => JSON.stringify({ ...entry, splat: entry.splat?.source })),
  );
}

const live = (allow: readonly AllowEntry[]): AllowEntry[] =>
  allow.filter((entry) => !isExpired(entry, dayOf(new Date())));

/** Null where there are none, or none that can be read. */
export async function findVerdicts(key: string): Promise<StoredVerdicts | null> {
  const folder = findEntry(VERDICTS, key);
  if (folder === null) return null;
  try {
    const text = await promisify(gunzip)(await readFile(join(folder, 'verdicts.json.gz')));
    return StoredVerdicts.parse(JSON.parse(text.toString('utf8')));
  } catch {
    return null;
  }
}

/** What another run would say again. A splat, a lost guest or a probe that broke is worth a new look. */
const SETTLED: ReadonlySet<Outcome> = new Set(['pass', 'fail', 'changed', 'known', 'not-applicable']);

/**
 * The cells of a target's run that are worth keeping; null for a run that had trouble, or has no verdict for some cell.
 * @param cells as many as were asked for
 */
export function settledCells(events: readonly Event[], target: string, cells: number): Cell[] | null {
  const decided = events.flatMap((event) =>
    event.kind === 'cell' && event.cell.target === target ? [event.cell] : [],
  );
  const isTrouble = (event: Event): boolean =>
    (event.kind === 'note' && event.level === 'error' && (event.target ?? target) === target) ||
    (event.kind === 'kernel-fault' && event.target === target);
  if (events.some(isTrouble) || decided.length !== cells) return null;
  return decided.every(({ outcome }) => SETTLED.has(outcome)) ? decided : null;
}

export async function keepVerdicts(key: string, verdicts: StoredVerdicts): Promise<void> {
  const packed = await promisify(gzip)(JSON.stringify(verdicts));
  await makeEntry(VERDICTS, key, (making) => writeFile(join(making, 'verdicts.json.gz'), packed));
}
