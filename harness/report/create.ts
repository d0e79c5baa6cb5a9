/** From the parsed option to running reporters and the files that they write at the end. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { ClauseGroup } from '../contract/clause.ts';
import type { Screen } from '../core/screen.ts';
import { createDotReporter } from './dot.ts';
import { createGithubReporter } from './github.ts';
import { createHtmlReporter } from './html.ts';
import { createJsonReporter } from './json.ts';
import { createJunitReporter } from './junit.ts';
import { createKcidbReporter } from './kcidb.ts';
import { createKtapReporter } from './ktap.ts';
import { createListReporter } from './list.ts';
import { createMailReporter } from './mail.ts';
import type { NamedReporter } from './multiplexer.ts';
import { checkReportFile, writeReportFile } from './output-file.ts';
import type { ReporterName, ReporterSpec } from './parse-spec.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';

export interface CreateOptions {
  readonly screen: Screen;
  readonly catalogue: readonly ClauseGroup[];
  readonly home?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** All but the list, which needs a terminal. */
const CREATE: Readonly<Record<Exclude<ReporterName, 'list'>, (sink: Sink, options: ReportOptions) => Reporter>> = {
  dot: createDotReporter,
  ktap: createKtapReporter,
  junit: createJunitReporter,
  json: createJsonReporter,
  kcidb: createKcidbReporter,
  github: createGithubReporter,
  mail: createMailReporter,
  html: createHtmlReporter,
};

/**
 * Starts the reporters. Where one of them owns standard output, the list goes to standard error.
 * @throws MmapvetError REPORT_UNWRITABLE: a report could not be written at the end, so it is said before the run starts
 */
export function createReporters(specs: readonly ReporterSpec[], options: CreateOptions): NamedReporter[] {
  const { screen } = options;
  const shared: ReportOptions = {
    catalogue: options.catalogue,
    home: options.home ?? homedir(),
    env: options.env ?? process.env,
  };
  const stdoutTaken = specs.some((spec) => spec.name !== 'list' && spec.file === null);
  return specs.map(({ name, file }) => {
    if (name === 'list') {
      const sink: Sink = { write: stdoutTaken ? screen.err : screen.out };
      return { name, reporter: createListReporter(sink, { ...shared, screen }) };
    }
    const create = CREATE[name];
    if (file === null) return { name, reporter: create({ write: screen.out }, shared) };
    return { name: `${name}=${file}`, reporter: toFile(resolve(file), (sink) => create(sink, shared)) };
  });
}

/** @throws MmapvetError REPORT_UNWRITABLE for the first report that could not be written */
export function checkReporters(specs: readonly ReporterSpec[]): void {
  for (const { file } of specs) if (file !== null) checkReportFile(file);
}

/** A reporter whose text ends in a file, whole or not at all. */
export function toFile(file: string, create: (sink: Sink) => Reporter): Reporter {
  checkReportFile(file);
  let text = '';
  const reporter = create({ write: (more) => void (text += more) });
  return {
    onEvent: (event) => reporter.onEvent(event),
    async finish() {
      await reporter.finish?.();
      writeReportFile(file, text);
    },
  };
}
