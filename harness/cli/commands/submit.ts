/** `mmapvet submit kcidb RUN --url URL`: a stored run into a results database. */
import { CATALOGUE } from '../../contract/catalogue.ts';
import { usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import type { Screen } from '../../core/screen.ts';
import { suggestHint } from '../../core/suggest.ts';
import { plural } from '../../core/words.ts';
import { checkKcidb } from '../../report/kcidb.ts';
import { kcidbDocument } from '../../report/kcidb/document.ts';
import { submitterFrom } from '../../report/kcidb/origin.ts';
import type { Kcidb } from '../../report/kcidb/schema.ts';
import { parseServer } from '../../report/kcidb/server.ts';
import { submitDocument } from '../../report/kcidb/submit.ts';
import { applyEvent, createRunState } from '../../report/run-state.ts';
import { findRun } from '../../results/find-run.ts';
import { readRun, replay, type StoredRun } from '../../results/stored-run.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

const TOKEN = 'MMAPVET_KCIDB_TOKEN';
const PLACES = ['kcidb'] as const;

export async function submitCommand(
  args: readonly string[],
  values: Values,
  { screen, signal }: CommandContext,
): Promise<number> {
  const [where = '', name = 'latest'] = args;
  if (where !== 'kcidb')
    throw usageError('SUBMIT_UNKNOWN', `Runs can't be submitted to "${where}".`, suggestHint(where, PLACES, 'places'));
  const given = values['url'];
  const server = typeof given === 'string' ? parseServer(given) : null;
  const submitter = submitterFrom(process.env);
  const dry = values['dryRun'] === true;
  const token = process.env[TOKEN] ?? '';
  if (!dry && server === null)
    throw usageError('KCIDB_URL', 'There is no address to submit to.', 'Give --url, such as https://db.kernelci.org.');
  if (!dry && token === '')
    throw usageError('KCIDB_TOKEN', `There is no token in ${TOKEN}.`, 'Set it to the one that the server gave you.');

  const run = readRun(findRun(name));
  for (const problem of run.problems)
    screen.err(`${screen.style('yellow', 'note')}  The run folder is not whole: ${problem}.\n`);
  const document = documentOf(run, submitter);
  const body = JSON.stringify(document);
  describe(document, body, run, screen);
  if (dry || server === null) {
    screen.out(
      `The document is valid KCIDB 5.3. Nothing was sent${server === null ? '' : ` to ${server.submit.href}`}.\n`,
    );
    return EXIT.good;
  }
  const note = (text: string): void => screen.err(`${screen.style('dim', text)}\n`);
  const { id, before } = await submitDocument(server, body, run.folder, { token, signal, note }).catch(
    (error: unknown) => {
      // What an interrupt broke on its way is no error of the server's.
      signal.throwIfAborted();
      throw error;
    },
  );
  screen.out(`${before ? 'Already submitted' : 'Submitted'} to ${server.submit.host} as ${id}: processed.\n`);
  return EXIT.good;
}

/** @throws MmapvetError KCIDB_INVALID */
function documentOf(run: StoredRun, submitter: ReturnType<typeof submitterFrom>): Kcidb {
  const state = createRunState();
  for (const event of replay(run)) applyEvent(state, event);
  return checkKcidb(kcidbDocument(state, { catalogue: CATALOGUE, home: '' }, submitter));
}

function describe(document: Kcidb, body: string, run: StoredRun, screen: Screen): void {
  const { builds = [], tests = [], issues = [], incidents = [] } = document;
  const statuses = [...Map.groupBy(tests, (test) => test.status ?? '').entries()]
    .map(([status, group]) => `${group.length} ${status}`)
    .join(', ');
  const parts = [
    plural(builds.length, 'build'),
    `${plural(tests.length, 'test')}${statuses === '' ? '' : ` (${statuses})`}`,
    plural(issues.length, 'issue'),
    plural(incidents.length, 'incident'),
  ];
  screen.out(`${run.folder}\n  ${parts.join(', ')}; ${Math.ceil(body.length / 1024)} KiB\n`);
  for (const checkout of document.checkouts ?? []) screen.out(`  ${checkout.id}  ${checkout.comment ?? ''}\n`);
}
