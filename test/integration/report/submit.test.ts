import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawn } from '../../../harness/core/exec.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { parseServer } from '../../../harness/report/kcidb/server.ts';
import { submitDocument, type Submitted } from '../../../harness/report/kcidb/submit.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { accepted, answer, startServer, statusOf, type FakeServer } from '../../fixtures/kcidb-server.ts';

const BODY = '{"version":{"major":5,"minor":3}}';
let folder: string;
let notes: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmapvet-submit-'));
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function submit(
  server: FakeServer,
  more: { body?: string; requestMs?: number; waitMs?: number; signal?: AbortSignal } = {},
): Promise<Submitted> {
  return submitDocument(parseServer(server.url), more.body ?? BODY, folder, {
    token: 'secret-token',
    signal: more.signal ?? new AbortController().signal,
    note: (text) => void notes.push(text),
    requestMs: more.requestMs ?? 10_000,
    retries: 2,
    pauseMs: 1,
    waitMs: more.waitMs ?? 60_000,
  });
}

const paths = (server: FakeServer): string[] => server.requests.map(({ method, url }) => `${method} ${url}`);

describe('a server that behaves', () => {
  it('gets the document once, with the token, and is asked until it is processed', async () => {
    await using server = await startServer(
      accepted('abc'),
      statusOf('inprogress'),
      statusOf('ready'),
      statusOf('processed'),
    );
    expect(await submit(server)).toEqual({ id: 'abc', before: false });
    expect(paths(server)).toEqual(['POST /submit', ...Array(3).fill('GET /status?id=abc')]);
    expect(server.requests[0]?.body).toBe(BODY);
    expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer secret-token']),
    );
  });

  it('gets nothing twice, but another document', async () => {
    await using server = await startServer(
      accepted('one'),
      statusOf('processed'),
      accepted('two'),
      statusOf('processed'),
    );
    await submit(server);
    expect(await submit(server)).toEqual({ id: 'one', before: true });
    expect(server.requests).toHaveLength(2);
    expect(await submit(server, { body: `${BODY} ` })).toEqual({ id: 'two', before: false });
  });

  it('is asked again about what was sent before an interrupt', async () => {
    await using slow = await startServer(accepted('one'), statusOf('ready'));
    await expect(submit(slow, { waitMs: 0 })).rejects.toMatchObject({ code: 'KCIDB_WAITING' });
    expect(slow.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    await expect(submit(slow, { waitMs: 0 })).rejects.toMatchObject({ code: 'KCIDB_WAITING' });
    expect(slow.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('gets a document again that it has lost', async () => {
    await using server = await startServer(accepted('one'), statusOf('failed'), accepted('two'), statusOf('processed'));
    await expect(submit(server)).rejects.toMatchObject({ code: 'KCIDB_FAILED' });
    expect(await submit(server)).toEqual({ id: 'two', before: false });
  });

  it('may have moved a document between two folders', async () => {
    await using server = await startServer(accepted('abc'), statusOf('notfound', 404), statusOf('processed'));
    expect(await submit(server)).toEqual({ id: 'abc', before: false });
  });
});

describe('a server that misbehaves', () => {
  it.each([
    ['401', [answer(401, { id: '0', status: 'error', message: 'Missing or invalid JWT' })], 'KCIDB_AUTH', 1],
    ['403', [answer(403)], 'KCIDB_AUTH', 1],
    ['413', [answer(413, 'too large')], 'KCIDB_TOO_LARGE', 1],
    ['400', [answer(400, { id: '0', status: 'error', message: 'Invalid JSON' })], 'KCIDB_REFUSED', 1],
    ['a redirect', [answer(302, '', { location: 'http://127.0.0.1:1/' })], 'KCIDB_REFUSED', 1],
    ['no id', [answer(200, { status: 'ok' })], 'KCIDB_ANSWER', 1],
    ['a page', [answer(200, '<html>hello</html>')], 'KCIDB_ANSWER', 1],
    ['a status of its own', [accepted('abc'), answer(200, { id: 'abc', status: '\u001b[31mhm' })], 'KCIDB_ANSWER', 2],
    ['500 for ever', [answer(500, 'oops')], 'KCIDB_UNREACHABLE', 3],
    ['cut connections', [{ kind: 'cut', half: false }], 'KCIDB_UNREACHABLE', 3],
    ['half an answer', [{ kind: 'cut', half: true }], 'KCIDB_UNREACHABLE', 3],
    ['a document that it can not process', [accepted('abc'), statusOf('failed')], 'KCIDB_FAILED', 2],
  ] as const)('%s', async (_name, behaviours, code, requests) => {
    await using server = await startServer(...behaviours);
    const error: unknown = await submit(server).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(server.requests).toHaveLength(requests);
    expect(String(error) + notes.join('\n')).not.toMatch(/secret-token|\u001b/);
  });

  it('never answering is given up', async () => {
    await using server = await startServer({ kind: 'silent' });
    await expect(submit(server, { requestMs: 30 })).rejects.toMatchObject({
      code: 'KCIDB_UNREACHABLE',
      message: expect.stringContaining('(no answer in time), 3 times in a row') as string,
    });
  });

  it.each([
    ['500', answer(500)],
    ['502', answer(502, '<html>')],
    ['429', answer(429, {}, { 'retry-after': '0' })],
    ['a cut connection', { kind: 'cut', half: false }],
    ['half an answer', { kind: 'cut', half: true }],
  ] as const)('%s once: tried again', async (_name, first) => {
    await using server = await startServer(first, accepted('abc'), first, statusOf('processed'));
    expect(await submit(server)).toEqual({ id: 'abc', before: false });
    expect(paths(server)).toEqual([...Array(2).fill('POST /submit'), ...Array(2).fill('GET /status?id=abc')]);
    expect(notes.filter((note) => note.endsWith('trying again'))).toHaveLength(2);
  });

  it('is left at once when the user stops', async () => {
    await using server = await startServer({ kind: 'silent' });
    const stop = new AbortController();
    const waiting = submit(server, { signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});

describe('addresses', () => {
  it.each([
    ['https://db.kernelci.org', 'https://db.kernelci.org/submit'],
    ['https://db.kernelci.org/', 'https://db.kernelci.org/submit'],
    ['https://db.kernelci.org/submit', 'https://db.kernelci.org/submit'],
    ['https://x.org/kcidb/submit/', 'https://x.org/kcidb/submit'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/submit'],
  ])('%s', (text, submitUrl) => {
    const { submit: url, status } = parseServer(text);
    expect([url.href, status.href]).toEqual([submitUrl, submitUrl.replace(/submit$/, 'status')]);
  });

  it.each(['nonsense', 'http://x.org', 'ftp://x.org', 'https://token@x.org', 'http://127.0.0.1.x.org'])(
    'refuses %s',
    (text) => expect(() => parseServer(text)).toThrow(expect.objectContaining({ code: 'KCIDB_URL', blame: 'usage' })),
  );
});

describe('mmapvet submit', () => {
  async function mmapvet(...args: readonly string[]) {
    const { exitCode, stdout, stderr } = await spawn(
      [process.execPath, join(PROJECT, 'harness/cli/main.ts'), 'submit', ...args],
      { env: { PATH: process.env['PATH'] ?? '', HOME: folder, MMAPVET_KCIDB_TOKEN: 'secret-token' }, reject: false },
    );
    return { exitCode, stdout: String(stdout), stderr: String(stderr) };
  }
  const stored = (name: string): void =>
    writeFileSync(
      join(folder, 'events.jsonl'),
      (SCENARIOS[name]?.() ?? []).map((event) => `${JSON.stringify(event)}\n`).join(''),
    );

  it('says what it would send, and sends nothing', async () => {
    await using server = await startServer(answer(500));
    stored('mixed');
    const { exitCode, stdout } = await mmapvet('kcidb', folder, '--dry-run', '--url', server.url);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('2 builds, 20 tests (17 PASS, 2 SKIP, 1 FAIL)');
    expect(server.requests).toEqual([]);
  });

  it('sends a stored run and remembers it', async () => {
    await using server = await startServer(accepted('abc'), statusOf('processed'));
    stored('fault');
    const first = await mmapvet('kcidb', folder, '--url', server.url);
    expect(first.stdout).toContain('as abc: processed');
    expect(first.exitCode).toBe(0);
    const body = server.requests[0]?.body ?? '';
    const again = await mmapvet('kcidb', folder, '--url', server.url);
    expect(again.stdout).toContain('Already submitted');
    expect(server.requests).toHaveLength(2);
    expect(JSON.parse(body)).toMatchObject({ issues: [{ version: 1 }], incidents: [{ present: true }] });
    expect(readFileSync(join(folder, 'kcidb-submissions.json'), 'utf8')).not.toContain('secret-token');
  });

  it('says what is missing', async () => {
    stored('pass');
    expect(await mmapvet('kcidb', folder)).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining('KCIDB_URL') as string,
    });
    expect(await mmapvet('kernelci', folder)).toMatchObject({ exitCode: 64 });
    expect(await mmapvet('kcidb', join(folder, 'none'), '--dry-run')).toMatchObject({ exitCode: 64 });
  });
});
