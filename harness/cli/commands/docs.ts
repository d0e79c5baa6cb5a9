/** `mmapvet docs`: writes the pages that are made from the option table and the catalogue; `--check` only compares. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CATALOGUE } from '../../contract/catalogue.ts';
import type { Clause } from '../../contract/clause.ts';
import { EXIT } from '../../core/outcome.ts';
import { PROJECT } from '../../core/paths.ts';
import { SCENARIOS } from '../../vet/selftest/scenarios.ts';
import type { CommandContext } from '../main.ts';
import { EXAMPLES, OPTIONS, SUMMARIES, type CommandName } from '../options.ts';
import type { Values } from '../parse.ts';

const NOTICE = '<!-- Made by `mmapvet docs`; edit the source instead. -->';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map((each) => each.trim()).join(' | ')} |`).join('\n');

function optionsPage(): string {
  const sections = (Object.keys(SUMMARIES) as CommandName[]).map((name) => {
    const options = OPTIONS.filter((option) => option.commands.includes(name) && option.hidden !== true);
    const rows = options.map(({ flags, help, fallback, choices }) => [
      `\`${flags}\``,
      cell(`${help}${choices === undefined ? '' : ` (${choices.join(', ')})`}`),
      fallback === undefined ? '' : `\`${fallback}\``,
    ]);
    const examples = EXAMPLES[name].map(([line, what]) => `- \`${line}\`: ${what}`);
    return [
      `## mmapvet ${name}`,
      `${SUMMARIES[name]}.`,
      ...(rows.length === 0 ? [] : [table(['option', 'meaning', 'default'], rows)]),
      ...(examples.length === 0 ? [] : [examples.join('\n')]),
    ].join('\n\n');
  });
  return [NOTICE, '# Commands and options', ...sections].join('\n\n');
}

function controls(clause: Clause): string {
  return clause.redControls.map(({ kind, name }) => `${kind} \`${name}\``).join(', ');
}

function clausesPage(): string {
  const sections = CATALOGUE.map((group) => {
    const rows = group.clauses.map((clause) => [
      clause.id,
      clause.class,
      cell(clause.title),
      `\`${clause.source}\``,
      clause.observers,
      clause.paths.join(' '),
      controls(clause),
    ]);
    return `## ${group.letter}: ${group.name}\n\n${table(['id', 'class', 'claim', 'source', 'observers', 'paths', 'turned red by'], rows)}`;
  });
  const legend =
    'P promised by documentation or headers, I implied by the implementation, X recorded behaviour. `mmapvet explain ID` says more.';
  return [NOTICE, '# The clauses', legend, ...sections].join('\n\n');
}

function selftestPage(): string {
  const rows = SCENARIOS.map(({ name, what, expected, needs = [], pace }) => [
    `\`${name}\``,
    cell(what),
    expected.outcome,
    expected.class ?? '',
    expected.blame,
    [...needs.map((option) => `CONFIG_${option}`), ...(pace === 'timer' ? ['time'] : [])].join(', '),
  ]);
  return [
    NOTICE,
    '# Self-test',
    'Would a run see it? `mmapvet selftest` breaks real guests in the ways below. An ordinary run that is not told writes its verdict, and only then is that compared with what it should be: the outcome of the cell that was hit, the class of the fault, the guilty function where it is the same on all targets, and whose fault the run says it is (its exit code: 1 the kernel, 2 us, 0 nobody). The cell after it must pass, in the same guest or a fresh one, and no QEMU may be left.',
    table(['scenario', 'what happens', 'outcome', 'fault class', 'blame', 'needs'], rows),
    'What needs time waits for a watchdog or a time limit. A scenario whose options the kernel lacks is not applicable; `--profile asan` has those for memory errors and leaks. `--json` prints `{ "version": 1, "kernel", "profile", "exitCode", "durationMs", "counts", "results" }`; each result has `scenario`, `target`, `repeat`, `expected`, `ending`, `durationMs`, `verdictMs` (from the last head of a fault on the console to the verdict; null where there is none), `pastBudgetMs` (from the end of its time to the verdict of a probe or a kernel that hangs; more than 15 s, longer on a slow host, is a difference) and `folder`, that of its run, which is kept with `--output` or where something went wrong.',
    'Exit codes: 0 every verdict is right, 1 one is wrong, 2 one could not be had, 64 wrong usage, 130 interrupted.',
  ].join('\n\n');
}

const PAGES: Readonly<Record<string, () => string>> = {
  'docs/options.md': optionsPage,
  'docs/clauses.md': clausesPage,
  'docs/selftest.md': selftestPage,
};

export async function docsCommand(_: readonly string[], values: Values, { screen }: CommandContext): Promise<number> {
  let stale = 0;
  for (const [file, make] of Object.entries(PAGES)) {
    const text = `${make()}\n`;
    const path = join(PROJECT, file);
    // oxlint-disable-next-line no-await-in-loop -- two small files
    if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
    stale += 1;
    // oxlint-disable-next-line no-await-in-loop
    if (values['check'] !== true) await writeFile(path, text);
    screen.out(`${file} ${values['check'] === true ? 'is stale: run "mmapvet docs"' : 'written'}\n`);
  }
  return values['check'] === true && stale > 0 ? EXIT.bad : EXIT.good;
}
