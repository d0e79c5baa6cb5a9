/**
 * The commands in docs/tasks: each goes through the real parser and, where it vets, through the real plan, so that no option,
 * clause, target or path in them is made up. Blocks marked `sh runs` cost nothing, and are run. What builds is not run here:
 * test/e2e does that with commands of its own.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAndRun, type Values } from '../../../harness/cli/parse.ts';
import type { CommandName } from '../../../harness/cli/options.ts';
import { run } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { splitWords } from '../../../harness/core/words.ts';
import { findClauses } from '../../../harness/contract/catalogue.ts';
import { parseReporters } from '../../../harness/report/parse-spec.ts';
import { planRun } from '../../../harness/run/plan.ts';

const FOLDER = join(PROJECT, 'docs/tasks');
const PAGES = readdirSync(FOLDER).filter((name) => name.endsWith('.md'));

interface Block {
  readonly page: string;
  /** `sh`, `sh runs`, `c`. */
  readonly language: string;
  readonly text: string;
}

const BLOCKS: readonly Block[] = PAGES.flatMap((page) =>
  [...readFileSync(join(FOLDER, page), 'utf8').matchAll(/^```(.*)\n([^]*?)^```$/gm)].map((match) => ({
    page,
    language: match[1] ?? '',
    text: match[2] ?? '',
  })),
);

const COMMANDS = BLOCKS.filter(({ language }) => language.startsWith('sh')).flatMap(({ page, language, text }) =>
  text
    .trim()
    .split('\n')
    .map((line) => ({ page, line, runs: language === 'sh runs' })),
);

/** Commands whose values make a plan. */
const VETTING: readonly CommandName[] = ['run', 'compare', 'series', 'watch', 'shell', 'probe', 'bisect'];

async function check(words: readonly string[]): Promise<void> {
  const seen: { name: CommandName; args: readonly string[]; values: Values }[] = [];
  await parseAndRun(
    words,
    async (name, args, values) => {
      seen.push({ name, args, values });
      return Promise.resolve();
    },
    () => {},
  );
  const [{ name, args, values } = { name: 'run' as const, args: [], values: {} }] = seen;
  expect(seen).toHaveLength(1);
  if (VETTING.includes(name)) planRun(values);
  const ids = name === 'explain' || (name === 'history' && values['import'] !== true) ? args : [];
  expect(ids.filter((id) => findClauses([id]).length === 0)).toEqual([]);
  const reporters = values['reporter'];
  if (Array.isArray(reporters) && reporters.length > 0) parseReporters(reporters.join(','));
}

test('there is a page for each task, and each has commands', () => {
  expect(PAGES.toSorted()).toEqual([
    'find-the-commit.md',
    'read-a-verdict.md',
    'run-it-nightly.md',
    'see-what-is-run.md',
    'validate-a-patch.md',
    'write-a-probe.md',
  ]);
  for (const page of PAGES) expect(COMMANDS.some((command) => command.page === page)).toBe(true);
  for (const { page, language } of BLOCKS) expect(['sh', 'sh runs', 'c'], page).toContain(language);
});

const isOurs = ({ line }: (typeof COMMANDS)[number]): boolean => splitWords(line).includes('mmapvet');

test.each(COMMANDS.filter((command) => !isOurs(command)))('$page: $line is a script of ours', ({ line }) => {
  expect(readFileSync(join(PROJECT, splitWords(line)[0] ?? ''), 'utf8')).toMatch(/^#!/);
});

test.each(COMMANDS.filter(isOurs))('$page: $line', async ({ line, runs }) => {
  const words = splitWords(line);
  const at = words.indexOf('mmapvet');
  expect(['mmapvet', 'git']).toContain(words[0]);
  await check(words.slice(at + 1));
  if (!runs) return;
  const { stdout } = await run([process.execPath, join(PROJECT, 'harness/cli/main.ts'), ...words.slice(at + 1)]);
  expect(stdout).not.toBe('');
});

test('a command that is none is found', async () => {
  await expect(check(['run', '--clauses', 'E02'])).rejects.toMatchObject({ code: 'USAGE' });
  await expect(check(['run', '--clause', 'E99'])).rejects.toMatchObject({ code: 'CLAUSE_UNKNOWN' });
  await expect(check(['bisect', '--target', 'amiga'])).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' });
});
