/** `mmapvet probe FILE.c`: the user's own probe, or a reproducer from a mail, in place of ours. */
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, usageError } from '../../core/errors.ts';
import { cacheFolder } from '../../core/paths.ts';
import { markUsed } from '../../kernel/usage.ts';
import { loadConfig } from '../../run/config-file.ts';
import { dryRun } from '../../run/dry-run.ts';
import { prepareOwn, type OwnSource } from '../../run/own-probe.ts';
import { planRun } from '../../run/plan.ts';
import { readInputs } from '../../run/prepare.ts';
import type { CommandContext } from '../main.ts';
import { configOf, type Values } from '../parse.ts';
import { readyFor, reportersOf, vet } from './run.ts';

/** Reproducers are short. */
const MAX_BYTES = 1 << 20;

export async function probeCommand(args: readonly string[], values: Values, context: CommandContext): Promise<number> {
  const { screen, signal } = context;
  const config = await loadConfig(process.cwd(), configOf(values));
  const plan = planRun(values, config);
  const reporters = reportersOf(values);
  const source = await readSource(args);
  if (values['dryRun'] === true) return dryRun(plan, screen);
  await readInputs(plan, signal);
  await readyFor(plan, reporters, values, context);

  const folder = await workFolder();
  try {
    const { own, warnings } = await prepareOwn(source, plan, folder, signal);
    for (const line of warnings) screen.err(`${line}\n`);
    return await vet(planRun(values, config, own), config, reporters, values, context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readSource(args: readonly string[]): Promise<OwnSource> {
  const [file = ''] = args;
  if (args.length !== 1)
    throw usageError(
      'PROBE_FILE',
      `One file is run, but ${args.length} are given.`,
      'Put all of the probe into one C file.',
    );
  const bad = (why: string): Error =>
    usageError('PROBE_FILE', `"${file}" ${why}.`, 'Give a C file with main(), or with probe() after <probe.h>.');
  const found = await stat(file).catch((error: unknown) => {
    throw bad(`can't be read: ${messageOf(error)}`);
  });
  if (!found.isFile()) throw bad('is no file');
  if (found.size > MAX_BYTES) throw bad(`has ${found.size} bytes, and no C file has more than ${MAX_BYTES}`);
  const text = await readFile(file);
  if (text.includes(0)) throw bad('has zero bytes in it: it is no C file');
  return { name: file, text };
}

/** Below the cache, whose path make can handle. */
async function workFolder(): Promise<string> {
  const parent = join(cacheFolder(), 'own');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'probe-'));
  markUsed(folder);
  return folder;
}
