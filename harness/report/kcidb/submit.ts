/** One document on its way into the database: sent once, followed until it is in, remembered in the run folder. */
import { messageOf, MmapvetError } from '../../core/errors.ts';
import { awaitProcessed, postDocument, type ClientOptions } from './client.ts';
import { readSubmissions, recordSubmission, sha256Of, type Submission } from './record.ts';
import type { KcidbServer } from './server.ts';

export interface Submitted {
  readonly id: string;
  /** An earlier call had sent it. */
  readonly before: boolean;
}

/**
 * @param body the document, checked
 * @throws MmapvetError KCIDB_FAILED, KCIDB_WAITING, and those of the client
 */
export async function submitDocument(
  server: KcidbServer,
  body: string,
  folder: string,
  options: ClientOptions,
): Promise<Submitted> {
  const [url, sha256] = [server.submit.href, sha256Of(body)];
  const remember = (submission: Submission): void => {
    try {
      recordSubmission(folder, submission);
    } catch (error) {
      options.note(`what was sent is not remembered: ${messageOf(error)}`);
    }
  };
  const earlier = readSubmissions(folder).find((each) => each.url === url && each.sha256 === sha256);
  if (earlier?.status === 'processed') return { id: earlier.id, before: true };
  if (earlier?.status === 'sent') {
    options.note(`it was sent before, as ${earlier.id}`);
    const { status } = await awaitProcessed(server, earlier.id, { ...options, waitMs: 0 });
    // A server forgets what it could not take.
    if (status !== 'notfound' && status !== 'failed' && status !== 'error')
      return finish(server, earlier.id, true, options, (end) => remember({ url, sha256, id: earlier.id, status: end }));
  }
  const id = await postDocument(server, body, options);
  remember({ url, sha256, id, status: 'sent' });
  options.note(`sent as ${id}`);
  return finish(server, id, false, options, (end) => remember({ url, sha256, id, status: end }));
}

async function finish(
  server: KcidbServer,
  id: string,
  before: boolean,
  options: ClientOptions,
  remember: (status: Submission['status']) => void,
): Promise<Submitted> {
  const { status, message } = await awaitProcessed(server, id, options);
  switch (status) {
    case 'processed':
      remember('processed');
      return { id, before };
    case 'failed':
    case 'error':
      remember('failed');
      throw new MmapvetError(
        'KCIDB_FAILED',
        `"${server.submit.host}" could not process the submission "${id}"${message}.`,
        {
          hint: 'Ask its keepers, giving the id.',
        },
      );
    case 'inprogress':
    case 'ready':
    case 'notfound':
      throw new MmapvetError(
        'KCIDB_WAITING',
        `"${server.submit.host}" has the submission "${id}", but has not processed it yet (${status}).`,
        { hint: 'Run the same command later: it asks again and sends nothing twice.' },
      );
  }
}
