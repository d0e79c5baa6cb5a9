/** Builds the parser from the option table. Commands are loaded when called: `--help` must not load QEMU's side. */
import { Command, CommanderError, Help, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../core/paths.ts';
import { usageError } from '../core/errors.ts';
import { suggestHint } from '../core/suggest.ts';
import { EXAMPLES, OPTIONS, SUMMARIES, type CommandName } from './options.ts';

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
/** @param given the values that the user gave; the others are defaults */
export type Action = (
  name: CommandName,
  args: readonly string[],
  values: Values,
  given: ReadonlySet<string>,
) => Promise<void>;

const ARGUMENTS: Readonly<Record<CommandName, string>> = {
  run: '',
  compare: '[range]',
  series: '',
  mutate: '',
  watch: '',
  gc: '',
  shell: '[command...]',
  probe: '<file>',
  bisect: '',
  report: '[run]',
  merge: '<folder...>',
  submit: '<where> [run]',
  list: '<what>',
  explain: '<clause...>',
  parse: '<console>',
  selftest: '',
  doctor: '',
  history: '[clause...]',
  diff: '<run1> <run2>',
  docs: '',
};

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

function addOptions(command: Command, name: CommandName): void {
  for (const spec of OPTIONS.filter((candidate) => candidate.commands.includes(name))) {
    const option = new Option(spec.flags, spec.help);
    if (spec.many === true) option.argParser(collect).default([]);
    if (spec.choices !== undefined) option.choices([...spec.choices]);
    if (spec.fallback !== undefined) option.default(spec.fallback);
    if (spec.hidden === true) option.hideHelp();
    command.addOption(option);
  }
}

/** An empty list is no default worth a word; what stands in for it is in the option's own text. */
const optionDescription = (option: Option): string =>
  Array.isArray(option.defaultValue) ? option.description : new Help().optionDescription(option);

const examplesText = (name: CommandName): string =>
  `\nExamples:\n${EXAMPLES[name].map(([line, what]) => `  $ ${line}\n      ${what}`).join('\n')}\n`;

/** `-v`, or V=1 as for the kernel's make. */
export const isVerbose = (flag: unknown): boolean => flag === true || process.env['V'] === '1';

/** `--config`. */
export const configOf = (values: Values): string | undefined =>
  typeof values['config'] === 'string' ? values['config'] : undefined;

export function toolVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  return (manifest as { version: string }).version;
}

export function createParser(action: Action, write: (text: string) => void): Command {
  const names = Object.keys(SUMMARIES) as CommandName[];
  const program = new Command('mmapvet')
    .description("Vets the Linux kernel's f_op->mmap_prepare and vm_ops->mapped on a real, booted kernel.")
    .version(`mmapvet ${toolVersion()}`, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {} })
    .addHelpText(
      'after',
      `${examplesText('run')}\nExit codes: 0 good, 1 the kernel is wrong, 2 undecided, 64 wrong usage, 130 interrupted.\n`,
    );
  for (const name of names) {
    const command = program
      .command(`${name} ${ARGUMENTS[name]}`.trim())
      .description(SUMMARIES[name])
      .exitOverride()
      .configureOutput({ writeOut: write, writeErr: () => {} })
      .configureHelp({ optionDescription })
      .addHelpText('after', examplesText(name))
      .action(async (...all: unknown[]) => {
        const self = all.at(-1) as Command;
        const given = self.options.map((option) => option.attributeName());
        await action(
          name,
          self.args,
          self.opts(),
          new Set(given.filter((each) => self.getOptionValueSource(each) === 'cli')),
        );
      });
    addOptions(command, name);
  }
  return program;
}

/** Parses and runs. @throws MmapvetError USAGE for what commander refuses, with its words and a hint. */
export async function parseAndRun(
  argv: readonly string[],
  action: Action,
  write: (text: string) => void,
): Promise<void> {
  const program = createParser(action, write);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    if (error.code === 'commander.help')
      throw usageError('USAGE', 'A command is needed.', 'Run "mmapvet --help" to see them.');
    throw usageError('USAGE', sentence(error.message), hintFor(argv, error));
  }
}

const sentence = (message: string): string => {
  const text = message.replace(/^error: /, '').split('\n')[0] ?? '';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`.replaceAll("'", '"');
};

function hintFor(argv: readonly string[], error: CommanderError): string {
  const unknown = /unknown (?:option|command) '([^']*)'/.exec(error.message)?.[1];
  const name = (Object.keys(SUMMARIES) as CommandName[]).find((candidate) => candidate === argv[0]);
  if (unknown === undefined) return `Run "mmapvet ${name === undefined ? '' : `${name} `}--help".`;
  if (!unknown.startsWith('-')) return suggestHint(unknown, Object.keys(SUMMARIES), 'commands');
  const known = OPTIONS.filter((spec) => name === undefined || spec.commands.includes(name)).flatMap(
    (spec) => spec.flags.match(/--?[\w-]+/g) ?? [],
  );
  return suggestHint(unknown, known, 'options');
}
