/** The static checks of scripts/test, as data. Each counts as one test. */
import { readdirSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { SUMMARIES } from '../harness/cli/options.ts';
import { MmapvetError, messageOf } from '../harness/core/errors.ts';
import { run } from '../harness/core/exec.ts';
import { PROJECT } from '../harness/core/paths.ts';
import { findProgram } from '../harness/host/find.ts';
import type { Requirement } from '../harness/host/requirements.ts';
import { newestInCache } from './kernel-file.ts';

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly output: string }
  | { readonly kind: 'skipped'; readonly why: string };

export interface Check {
  readonly name: string;
  readonly decide: () => Promise<Verdict>;
}

/** Tools that only checks and tests use: without one its check is skipped. */
export const CHECK_TOOLS: readonly Requirement[] = [
  {
    name: "perl's own modules",
    purpose: 'checkpatch',
    // Debian's perl-base has the interpreter alone; this program comes with the rest.
    find: { kind: 'program', name: 'pod2man' },
    debian: ['perl'],
    elsewhere: 'perl',
  },
  {
    name: 'shellcheck',
    purpose: 'the check of the shell scripts',
    find: { kind: 'program', name: 'shellcheck' },
    debian: ['shellcheck'],
    elsewhere: 'shellcheck',
  },
  {
    name: 'git',
    purpose: 'tests with kernel trees in git',
    find: { kind: 'program', name: 'git' },
    debian: ['git'],
    elsewhere: 'git',
  },
  {
    name: 'chromium',
    purpose: 'tests of the HTML page',
    find: { kind: 'program', name: 'chromium' },
    debian: ['chromium'],
    elsewhere: 'chromium',
  },
  {
    name: 'xmllint',
    purpose: 'the check of JUnit files against a schema',
    find: { kind: 'program', name: 'xmllint' },
    debian: ['libxml2-utils'],
    elsewhere: 'libxml2',
  },
];

/** What checkpatch is right about in the kernel's own tree, but not here, and why. */
const CHECKPATCH_IGNORED: readonly { readonly files: string; readonly types: Readonly<Record<string, string>> }[] = [
  {
    files: 'guest/driver/**/*.{c,h}',
    types: { ALLOC_WITH_SIZEOF: 'older kernels that the driver fits have no kzalloc_obj()' },
  },
  {
    files: 'guest/{probes,rootfs}/**/*.{c,h}',
    types: {
      ARRAY_SIZE: 'user space has no such macro',
      EMBEDDED_FUNCTION_NAME: 'the words that a probe prints are no function names',
      PREFER_DEFINED_ATTRIBUTE_MACRO: 'user space has no such macro',
      VOLATILE: 'touching memory is what probes are for',
    },
  },
];

/** Adds the folder of this Node in front, so that the tools of node_modules run with it. */
export function toolsEnv(): Record<string, string | undefined> {
  return { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` };
}

const bin = (name: string): string => join(PROJECT, 'node_modules/.bin', name);

export const STATIC_CHECKS: readonly Check[] = [
  command('format', [bin('prettier'), '--check', '--log-level', 'warn', '.']),
  command('lint', [bin('oxlint'), '--type-aware', '--deny-warnings']),
  command('types', [bin('tsc')]),
  command('types of the page', [bin('tsc'), '--project', 'harness/report/html/client']),
  command('unused code', [bin('knip')]),
  ...(Object.hasOwn(SUMMARIES, 'docs')
    ? [command('generated docs', [join(PROJECT, 'scripts/mmapvet'), 'docs', '--check'])]
    : []),
  { name: 'shell scripts', decide: shellcheck },
];

export const CHECKPATCH: Check = { name: 'checkpatch', decide: checkpatch };

function command(name: string, words: readonly [string, ...string[]]): Check {
  return { name, decide: () => decide(words) };
}

/** Runs to the end; both streams are shown where it fails, without the colours that some tools insist on under CI. */
async function decide(words: readonly [string, ...string[]]): Promise<Verdict> {
  const lines: string[] = [];
  try {
    await run(words, {
      cwd: PROJECT,
      env: toolsEnv(),
      onLine: (line) => void lines.push(stripVTControlCharacters(line)),
    });
    return { kind: 'passed' };
  } catch (error) {
    const said = error instanceof MmapvetError && error.code === 'EXEC_FAILED';
    return { kind: 'failed', output: (said && lines.length > 0 ? lines : [messageOf(error)]).join('\n') };
  }
}

async function shellcheck(): Promise<Verdict> {
  if ((await findProgram('shellcheck')) === null) return { kind: 'skipped', why: 'install the package shellcheck' };
  const scripts = await Array.fromAsync(glob('guest/**/*.sh', { cwd: PROJECT }));
  const programs = readdirSync(join(PROJECT, 'scripts'), { withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.ts'),
  );
  const files = [...programs.map(({ name }) => `scripts/${name}`), '.ci/run', ...scripts];
  return decide(['shellcheck', '--external-sources', ...files]);
}

/** The newest kernel source in the cache has the checkpatch that today's reviewers run. */
async function checkpatch(): Promise<Verdict> {
  const script = await newestInCache('scripts/checkpatch.pl');
  if (script === null)
    return { kind: 'skipped', why: 'run mmapvet once: it is in the kernel source that a run stores' };
  if ((await findProgram('pod2man')) === null) return { kind: 'skipped', why: 'install the package perl' };
  const verdicts = await Promise.all(
    CHECKPATCH_IGNORED.map(async ({ files, types }) => {
      const found = await Array.fromAsync(glob(files, { cwd: PROJECT, exclude: ['**/*.mod.c', '**/*.gen.h'] }));
      const ignored = Object.keys(types).join(',');
      const words = ['--no-tree', '--terse', '--show-types', '--ignore', ignored, '-f', ...found.toSorted()];
      return decide(['perl', script, ...words]);
    }),
  );
  const failed = verdicts.filter((verdict) => verdict.kind === 'failed');
  if (failed.length === 0) return { kind: 'passed' };
  return { kind: 'failed', output: failed.map(({ output }) => output).join('\n') };
}
