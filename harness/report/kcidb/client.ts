/**
 * Talks to a KCIDB server: sends a document, and asks what became of it. What may pass by itself is tried again; sending
 * twice does no harm, since equal ids replace each other.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pRetry from 'p-retry';
import { z } from 'zod';
import { messageOf, MmapvetError } from '../../core/errors.ts';
import { harmless } from '../../probe/untrusted.ts';
import type { KcidbServer } from './server.ts';

export interface ClientOptions {
  readonly token: string;
  readonly signal: AbortSignal;
  /** What a person may want to know meanwhile. */
  readonly note: (text: string) => void;
  /** One request, from its start to the last byte of the answer. */
  readonly requestMs?: number;
  readonly retries?: number;
  /** The first pause between tries; each is twice the one before. */
  readonly pauseMs?: number;
  /** How long to wait until a document is processed. */
  readonly waitMs?: number;
}

/** What the server says of a document. */
export type SubmissionStatus = 'inprogress' | 'ready' | 'processed' | 'failed' | 'notfound' | 'error';

const Answer = z.object({
  id: z.string().max(200).optional(),
  status: z.string().max(40),
  message: z.string().nullish(),
});
type Answer = z.infer<typeof Answer>;

const DEFAULTS = { requestMs: 60_000, retries: 5, pauseMs: 1000, waitMs: 10 * 60_000 } as const;
const ANSWER_BYTES = 64 * 1024;
const MAX_PAUSE_MS = 30_000;

/** Trouble that may be over at the next try. */
class Transient extends Error {
  readonly afterMs: number;
  constructor(message: string, afterMs: number, cause?: unknown) {
    super(message, { cause });
    this.afterMs = afterMs;
  }
}

/**
 * @returns the server's id of the submission
 * @throws MmapvetError KCIDB_AUTH, KCIDB_TOO_LARGE, KCIDB_REFUSED, KCIDB_ANSWER, KCIDB_UNREACHABLE
 */
export async function postDocument(server: KcidbServer, body: string, options: ClientOptions): Promise<string> {
  const answer = await request(server.submit, options, body);
  if (answer.id === undefined || !/^\w+$/.test(answer.id) || answer.status === 'error')
    throw new MmapvetError(
      'KCIDB_ANSWER',
      `"${server.submit.host}" took the document, but gave it no id${said(answer)}.`,
      {
        hint: 'Make sure that the address is one of a KCIDB server.',
      },
    );
  return answer.id;
}

/** Asks until the document is processed or refused, or the time is over: then the last status. */
export async function awaitProcessed(
  server: KcidbServer,
  id: string,
  options: ClientOptions,
): Promise<{ readonly status: SubmissionStatus; readonly message: string }> {
  const url = new URL(server.status);
  url.searchParams.set('id', id);
  const until = performance.now() + (options.waitMs ?? DEFAULTS.waitMs);
  for (let pause = options.pauseMs ?? DEFAULTS.pauseMs; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    const answer = await request(url, options);
    const status = statusOf(answer.status, url.host);
    // Between two folders of the server's a document is in neither for a moment.
    const open = status === 'inprogress' || status === 'ready' || status === 'notfound';
    if (!open || performance.now() + pause > until) return { status, message: said(answer) };
    // oxlint-disable-next-line no-await-in-loop
    await wait(pause, undefined, { signal: options.signal });
  }
}

const STATUSES: readonly SubmissionStatus[] = ['inprogress', 'ready', 'processed', 'failed', 'notfound', 'error'];

function statusOf(text: string, host: string): SubmissionStatus {
  const known = STATUSES.find((status) => status === text);
  if (known !== undefined) return known;
  throw new MmapvetError('KCIDB_ANSWER', `"${host}" gave the status "${harmless(text, 40)}", which is none.`, {
    hint: 'Make sure that the address is one of a KCIDB server.',
  });
}

async function request(url: URL, options: ClientOptions, body?: string): Promise<Answer> {
  const retries = options.retries ?? DEFAULTS.retries;
  try {
    return await pRetry(() => requestOnce(url, options, body), {
      retries,
      factor: 2,
      minTimeout: options.pauseMs ?? DEFAULTS.pauseMs,
      maxTimeout: MAX_PAUSE_MS,
      signal: options.signal,
      shouldRetry: ({ error }) => error instanceof Transient,
      onFailedAttempt: async ({ error, retriesLeft }) => {
        if (!(error instanceof Transient) || retriesLeft === 0) return;
        options.note(`${error.message}; trying again`);
        if (error.afterMs > 0) await wait(error.afterMs, undefined, { signal: options.signal });
      },
    });
  } catch (error) {
    if (!(error instanceof Transient)) throw error;
    throw new MmapvetError('KCIDB_UNREACHABLE', `${error.message}, ${retries + 1} times in a row.`, {
      cause: error,
      hint: 'Try again later: what was sent before is replaced, not doubled.',
    });
  }
}

async function requestOnce(url: URL, options: ClientOptions, body?: string): Promise<Answer> {
  const { status, headers, text } = await exchange(url, options, body);
  const answer = readAnswer(text);
  if (status === 408 || status === 429 || status >= 500)
    throw new Transient(`"${url.host}" answered with ${status}${said(answer)}`, retryAfter(headers));
  if (status === 200) {
    if (answer !== null) return answer;
    throw new MmapvetError('KCIDB_ANSWER', `"${url.host}" answered with something that is no KCIDB answer.`, {
      hint: 'Make sure that the address is one of a KCIDB server.',
    });
  }
  // A document that is not there is an answer too.
  if (status === 404 && answer?.status === 'notfound') return answer;
  throw refusal(status, url, answer, body, headers);
}

async function exchange(
  url: URL,
  options: ClientOptions,
  body: string | undefined,
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  try {
    const response = await fetch(url, {
      // The token is for this host alone.
      redirect: 'manual',
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.requestMs ?? DEFAULTS.requestMs)]),
      headers: {
        Authorization: `Bearer ${options.token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    return { status: response.status, headers: response.headers, text: await boundedText(response) };
  } catch (error) {
    if (options.signal.aborted) throw error;
    throw new Transient(`"${url.host}" could not be reached (${reasonOf(error)})`, 0, error);
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** fetch() says only "fetch failed"; what lies below says why. */
function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time';
  const cause = error instanceof Error ? error.cause : undefined;
  return harmless(messageOf(cause ?? error), 200);
}

function readAnswer(text: string): Answer | null {
  try {
    return Answer.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

const said = (answer: Answer | null): string =>
  answer?.message == null || answer.message === '' ? '' : `: "${harmless(answer.message, 200)}"`;

/** Seconds only: a date needs a clock that agrees. */
function retryAfter(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? '0');
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, MAX_PAUSE_MS) : 0;
}

function refusal(
  status: number,
  url: URL,
  answer: Answer | null,
  body: string | undefined,
  headers: Headers,
): MmapvetError {
  const why = said(answer);
  if (status === 401 || status === 403)
    return new MmapvetError('KCIDB_AUTH', `"${url.host}" refused the token (${status}${why}).`, {
      blame: 'usage',
      hint: 'Set MMAPVET_KCIDB_TOKEN to one that the server gave you for this origin.',
    });
  if (status === 413)
    return new MmapvetError(
      'KCIDB_TOO_LARGE',
      `"${url.host}" takes no document of ${Buffer.byteLength(body ?? '')} bytes.`,
      { hint: 'Submit runs of fewer targets or clauses.' },
    );
  const target = headers.get('location');
  const moved = status >= 300 && status < 400 && target !== null ? `, sending us to "${harmless(target, 200)}"` : '';
  return new MmapvetError('KCIDB_REFUSED', `"${url.host}" answered with ${status}${moved}${why}.`, {
    hint: 'Make sure that the address is one of a KCIDB server.',
  });
}
