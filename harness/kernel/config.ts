/**
 * A kernel's config: our fragments and the user's lines, merged and completed by the kernel's own tools, then checked line
 * by line. A line that was asked for and is not in the result stops the build.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fragmentsFor, type Profile, type Target } from '../core/arch.ts';
import { MmapvetError, usageError } from '../core/errors.ts';
import { KERNEL_CONFIG } from '../core/paths.ts';
import { mergeFolder, type BuildCommands } from './commands.ts';
import type { KernelContext } from './context.ts';
import { findLost, parseConfig, parseFragment, showLine, type ConfigLine } from './fragments.ts';
import { explainLosses } from './kconfig.ts';
import { runMake } from './make.ts';
import type { Toolchain } from './toolchain.ts';

export interface Fragment {
  readonly name: string;
  readonly text: string;
}

export interface WantedConfig {
  /** In the order that they are merged in; the last of them is `--kconfig-add`. */
  readonly fragments: readonly Fragment[];
  /** The user's `.config`. */
  readonly kconfig: { readonly text: string } | undefined;
}

/** Name of the fragment that `--kconfig-add` lines make; its file is written into the merge folder. */
export const ADDED = '--kconfig-add';

/** @throws MmapvetError KCONFIG_UNREADABLE */
export async function readWantedConfig(
  target: Pick<Target, 'fragments' | 'beside'>,
  profile: Pick<Profile, 'fragments'>,
  added: readonly string[],
  kconfig: string | undefined,
): Promise<WantedConfig> {
  const fragments = await Promise.all(
    fragmentsFor(target, profile).map(async (name): Promise<Fragment> => {
      return { name, text: await readFile(join(KERNEL_CONFIG, `${name}.config`), 'utf8') };
    }),
  );
  if (added.length > 0) fragments.push({ name: ADDED, text: `${added.join('\n')}\n` });
  if (kconfig === undefined) return { fragments, kconfig: undefined };
  const text = await readFile(kconfig, 'utf8').catch(() => null);
  if (text === null || !/^(?:CONFIG_\w+=|# CONFIG_\w+ is not set)/m.test(text))
    throw usageError(
      'KCONFIG_UNREADABLE',
      `"${kconfig}" is no kernel config.`,
      'Give the .config of a kernel with --kconfig.',
    );
  return { fragments, kconfig: { text } };
}

export const wantedLines = (wanted: WantedConfig): ConfigLine[] =>
  wanted.fragments.flatMap((fragment) => parseFragment(fragment.text, fragment.name));

const fragmentFile = (fragment: Fragment, objects: string): string =>
  join(mergeFolder(objects), `${fragment.name === ADDED ? 'added' : fragment.name}.config`);
const userFile = (objects: string): string => join(mergeFolder(objects), 'user.config');

/** Files to merge, as the commands name them: copies, as merge_config.sh splits paths at blanks. */
export const configFiles = (
  wanted: WantedConfig,
  objects: string,
): { readonly fragments: readonly string[]; readonly kconfig: string | undefined } => ({
  fragments: wanted.fragments.map((fragment) => fragmentFile(fragment, objects)),
  kconfig: wanted.kconfig === undefined ? undefined : userFile(objects),
});

/**
 * Leaves a checked `.config` in the object folder.
 * @returns its text
 * @throws MmapvetError CONFIG_FAILED, CONFIG_LOST
 */
export async function configure(
  wanted: WantedConfig,
  commands: BuildCommands,
  places: { readonly source: string; readonly objects: string; readonly target: string },
  toolchain: Toolchain,
  context: KernelContext,
): Promise<string> {
  const { source, objects, target } = places;
  await mkdir(mergeFolder(objects), { recursive: true });
  for (const fragment of wanted.fragments) await writeFile(fragmentFile(fragment, objects), fragment.text);
  if (wanted.kconfig !== undefined) await writeFile(userFile(objects), wanted.kconfig.text);
  for (const step of [commands.merge, commands.configure])
    await runMake(
      step,
      {
        env: toolchain.env,
        strip: [objects, source],
        log: `config-${target}.log`,
        failure: (diagnosis, log) =>
          new MmapvetError(
            'CONFIG_FAILED',
            `The ${target} config could not be made: ${diagnosis.first ?? 'see below'}.`,
            {
              hint: `Read "${log}".`,
              details: diagnosis.lines,
            },
          ),
      },
      context,
    );
  const text = await readFile(join(objects, '.config'), 'utf8');
  const config = parseConfig(text);
  const lost = findLost(wantedLines(wanted), config).filter((line) => !isOlder(line));
  if (lost.length > 0) throw await lostError(lost, config, source, target, context.signal);
  return text;
}

async function lostError(
  lost: readonly ConfigLine[],
  config: ReadonlyMap<string, string>,
  source: string,
  target: string,
  signal: AbortSignal,
): Promise<MmapvetError> {
  const causes = await explainLosses(source, lost, config, signal);
  const details = lost.map((line, index) => `${showLine(line)} (${line.from}): ${causes[index]}`);
  const one = lost.length === 1;
  const mine = lost.some((line) => line.from === ADDED);
  return new MmapvetError(
    'CONFIG_LOST',
    `${one ? 'One config line' : `${lost.length} config lines`} did not survive on ${target}: ${lost.map((line) => line.symbol).join(', ')}.`,
    {
      blame: mine ? 'usage' : 'trouble',
      hint: mine
        ? 'Add what it depends on with further --kconfig-add.'
        : 'Choose another kernel or config, or mend the line in kernel-config/.',
      details,
    },
  );
}

/** Lines for older kernels, which newer ones may know no more: those whose reason says "older:". */
const isOlder = (line: ConfigLine): boolean => /\bolder:/.test(line.why);

/** Lines that no guest works without: those whose reason says "needed:". */
export const neededLines = (wanted: WantedConfig): ConfigLine[] =>
  wantedLines(wanted).filter((line) => /\bneeded:/.test(line.why));

/** @throws MmapvetError BUILD_DIR_CONFIG listing options that a build of the user's lacks */
export async function requireNeeded(wanted: WantedConfig, folder: string): Promise<string> {
  const file = join(folder, '.config');
  if (!existsSync(file))
    throw usageError('BUILD_DIR_LACKS', `"${folder}" has no .config.`, 'Give the folder that a kernel was built in.');
  const text = await readFile(file, 'utf8');
  const missing = findLost(neededLines(wanted), parseConfig(text));
  if (missing.length === 0) return text;
  throw new MmapvetError('BUILD_DIR_CONFIG', `The kernel in "${folder}" lacks options that a guest needs.`, {
    blame: 'usage',
    hint: 'Switch these on (built in, not as modules), build again, or leave --build-dir out.',
    details: missing.map((line) => `${showLine(line)}   ${line.why.replace(/^.*needed: /, '')}`),
  });
}
