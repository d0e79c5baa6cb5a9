/** From the parsed option to running reporters and the files that they write at the end. */
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { accessSync, constants } from 'node:fs';
import type { ClauseGroup } from '../contract/clause.ts';
import { messageOf, MmapvetError } from '../core/errors.ts';
import type { Screen } from '../core/screen.ts';
import { writeFileAtomic } from '../results/atomic.ts';
import { createJsonReporter } from './json.ts';
import { createJunitReporter } from './junit.ts';
import { createKtapReporter } from './ktap.ts';
import { createListReporter } from './list.ts';
import type { NamedReporter } from './multiplexer.ts';
import type { ReporterSpec } from './parse-spec.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';

export interface CreateOptions {
  readonly screen: Screen;
  readonly catalogue: readonly ClauseGroup[];
  readonly home?: string;
}

/**
 * Starts the reporters. Where one of them owns standard output, the list goes to standard error.
 * @throws MmapvetError REPORT_UNWRITABLE: a report could not be written at the end, so it is said before the run starts
 */
export function createReporters(specs: readonly ReporterSpec[], options: CreateOptions): NamedReporter[] {
  const { screen } = options;
  const shared: ReportOptions = { catalogue: options.catalogue, home: options.home ?? homedir() };
  const stdoutTaken = specs.some((spec) => spec.name !== 'list' && spec.file === null);
  return specs.map(({ name, file }) => {
    if (name === 'list') {
      const sink: Sink = { write: stdoutTaken ? screen.err : screen.out };
      return { name, reporter: createListReporter(sink, { ...shared, screen }) };
    }
    if (file === null) return { name, reporter: createFor(name, { write: screen.out }, shared) };
    return { name: `${name}=${file}`, reporter: toFile(resolve(file), (sink) => createFor(name, sink, shared)) };
  });
}

function createFor(name: Exclude<ReporterSpec['name'], 'list'>, sink: Sink, options: ReportOptions): Reporter {
  switch (name) {
    case 'ktap':
      return createKtapReporter(sink, options);
    case 'junit':
      return createJunitReporter(sink, options);
    case 'json':
      return createJsonReporter(sink);
  }
}

/** A reporter whose text ends in a file, whole or not at all. */
export function toFile(file: string, create: (sink: Sink) => Reporter): Reporter {
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new MmapvetError('REPORT_UNWRITABLE', `The report "${file}" could not be written: ${messageOf(error)}.`, {
      cause: error,
      blame: 'usage',
      hint: 'Make its folder, or name another one.',
    });
  }
  let text = '';
  const reporter = create({ write: (more) => void (text += more) });
  return {
    onEvent: (event) => reporter.onEvent(event),
    async finish() {
      await reporter.finish?.();
      writeFileAtomic(file, text);
    },
  };
}
