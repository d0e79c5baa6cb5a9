/** `--reporter list,ktap=FILE,junit=FILE,json=FILE`. */
import { resolve } from 'node:path';
import { usageError } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';

export const REPORTERS = ['list', 'dot', 'ktap', 'junit', 'json', 'kcidb', 'github', 'mail', 'html'] as const;
export type ReporterName = (typeof REPORTERS)[number];

export interface ReporterSpec {
  readonly name: ReporterName;
  /** null: the terminal. */
  readonly file: string | null;
}

/**
 * Reads the option; `MMAPVET_JUNIT_OUTPUT_FILE` and the like name the file where the option does not.
 * @throws MmapvetError REPORTER_UNKNOWN, REPORTER_FILE, REPORTER_TWICE, REPORTER_STDOUT (usage)
 */
export function parseReporters(text: string, env: NodeJS.ProcessEnv = process.env): ReporterSpec[] {
  const specs = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseOne(part, env));
  if (specs.length === 0)
    throw usageError('REPORTER_UNKNOWN', `--reporter "${text}" names no reporter.`, `Use ${REPORTERS.join(', ')}.`);
  checkFiles(specs);
  return specs;
}

function parseOne(part: string, env: NodeJS.ProcessEnv): ReporterSpec {
  const [given = '', ...rest] = part.split('=');
  const name = REPORTERS.find((each) => each === given);
  if (name === undefined) {
    const [guess] = suggest(given, REPORTERS);
    throw usageError(
      'REPORTER_UNKNOWN',
      `There is no reporter "${given}".${guess === undefined ? '' : ` Did you mean "${guess}"?`}`,
      `Use ${REPORTERS.join(', ')}; "junit=FILE" writes to a file.`,
    );
  }
  const file = rest.join('=');
  if (rest.length > 0 && file === '')
    throw usageError('REPORTER_FILE', `The reporter "${part}" has no file name after the "=".`, `Write ${name}=FILE.`);
  if (name === 'list' && file !== '')
    throw usageError(
      'REPORTER_FILE',
      `The reporter "list" writes to the terminal, not to "${file}".`,
      'Use ktap=FILE.',
    );
  const fallback = name === 'list' ? '' : (env[`MMAPVET_${name.toUpperCase()}_OUTPUT_FILE`] ?? '');
  const chosen = file === '' ? fallback : file;
  return { name, file: chosen === '' ? null : chosen };
}

function checkFiles(specs: readonly ReporterSpec[]): void {
  const onStdout = specs.filter((spec) => spec.name !== 'list' && spec.file === null).map((spec) => spec.name);
  if (onStdout.length > 1)
    throw usageError(
      'REPORTER_STDOUT',
      `The reporters "${onStdout.join('" and "')}" can't both write to standard output.`,
      `Give one of them a file: ${onStdout[1] ?? ''}=FILE.`,
    );
  const seen = new Set<string>();
  for (const { name, file } of specs) {
    // `out.xml` and `./out.xml` are one file.
    const place = file === null ? `${name} to the terminal` : resolve(file);
    if (seen.has(place))
      throw usageError(
        'REPORTER_TWICE',
        `Two reporters would write "${file ?? place}".`,
        'Give each a file of its own.',
      );
    seen.add(place);
  }
}
