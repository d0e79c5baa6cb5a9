/** `mmapvet merge FOLDER…`: several stored runs as one run folder, and its reports. */
import { cpSync } from 'node:fs';
import { basename } from 'node:path';
import { CATALOGUE } from '../../contract/catalogue.ts';
import { messageOf } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { checkReporters, createReporters } from '../../report/create.ts';
import { createMultiplexer } from '../../report/multiplexer.ts';
import { parseReporters } from '../../report/parse-spec.ts';
import { readRuns } from '../../results/find-runs.ts';
import { mergeRuns } from '../../results/merge.ts';
import { buildResults } from '../../results/results.ts';
import { createRunStore } from '../../results/store.ts';
import type { CommandContext } from '../main.ts';
import { toolVersion, type Values } from '../parse.ts';

/** Made anew from the merged events. */
const REMADE = new Set(['events.jsonl', 'results.json', 'report.ktap', 'junit.xml']);

/** Exit code: that of the merged run, as if it had been one. */
export async function mergeCommand(
  args: readonly string[],
  values: Values,
  { screen }: CommandContext,
): Promise<number> {
  const wanted = (values['reporter'] as readonly string[]).join(',');
  const specs = parseReporters(wanted === '' ? 'list' : wanted);
  const runs = readRuns(args);
  checkReporters(specs);
  const output = values['output'];
  using store = createRunStore(undefined, typeof output === 'string' ? { folder: output } : {});
  const inputs = runs.map((run, index) => ({ run, place: `runs/${index + 1}` }));
  for (const { run, place } of inputs)
    cpSync(run.folder, store.place(place), { recursive: true, filter: (file) => !REMADE.has(basename(file)) });
  const events = mergeRuns(inputs, {
    tool: `mmapvet ${toolVersion()}`,
    command: ['mmapvet', ...process.argv.slice(2)],
    folder: store.folder,
  });
  const kept = [
    { name: 'ktap', file: store.place('report.ktap') },
    { name: 'junit', file: store.place('junit.xml') },
  ] as const;
  const reporters = createMultiplexer(
    createReporters([...specs, ...kept], { screen: { ...screen, live: false }, catalogue: CATALOGUE }),
  );
  for (const event of events) {
    store.append(event);
    reporters.onEvent(event);
  }
  const results = buildResults(events);
  store.writeResults(results);
  const failures = await reporters.finish();
  for (const { name, error } of failures)
    screen.err(`${screen.style('red', 'error')} The reporter "${name}" failed: ${messageOf(error)}\n`);
  const code = results.exitCode ?? EXIT.undecided;
  return failures.length > 0 && code === EXIT.good ? EXIT.undecided : code;
}
