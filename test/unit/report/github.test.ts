import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { cell, plannedCells, Stream } from '../../fixtures/events/stream.ts';
import { expectGolden } from '../../fixtures/golden.ts';
import { render } from '../../fixtures/render.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mmapvet-github-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** As the runner reads a line: its own commands, wherever they begin. */
const isCommand = (line: string): boolean => /^\s*::/.test(line) || line.includes('##[');

const many = (count: number, reason: (index: number) => string): Event[] => {
  const plan = {
    cells: Array.from({ length: count }, (_, index) => [`A${String(index + 1).padStart(2, '0')}`, 'direct'] as const),
  };
  return new Stream()
    .start(plan)
    .ready('x86_64')
    .probe(
      'x86_64',
      plannedCells(plan).map((id, index) => cell(id, { outcome: 'fail', reason: reason(index) })),
    )
    .end().events;
};

describe('commands', () => {
  it.each(Object.keys(SCENARIOS))('of "%s" are only our own', async (name) => {
    const lines = (await render(SCENARIOS[name]?.() ?? [], 'github.log')).split('\n').filter(isCommand);
    const token = /^::stop-commands::([\da-f]{32})$/.exec(lines[0] ?? '')?.[1] ?? 'none';
    expect(lines[1]).toBe(`::${token}::`);
    for (const line of lines.slice(2))
      expect(line).toMatch(
        /^::(?:error|warning) (?:file=[^:,]*,line=\d+,)?title=[^:,]*::|^::group::\d+ cells?$|^::endgroup::$/,
      );
  });

  it('hold no line break or command of a guest', async () => {
    const evil = 'a%b\n::add-mask::x\r##[error]y';
    const text = await render(
      many(1, () => evil),
      'github.log',
    );
    expect(text).toContain('::error title=mmapvet%3A fail%2C x86_64%2C A01::a%25b%0A::add-mask::x\ufffd## [error]y\n');
  });

  it('are at most ten of a level', async () => {
    const text = await render(
      many(30, (index) => `reason ${index}`),
      'github.log',
    );
    const errors = text.split('\n').filter((line) => line.startsWith('::error'));
    expect(errors).toHaveLength(10);
    expect(errors.at(-1)).toContain('21 more are in the step summary');
  });

  it('name the file of a compile error where it lies in the workspace', async () => {
    const events = SCENARIOS['build-failed']?.() ?? [];
    const inside = await render(events, 'github.log', { env: { GITHUB_WORKSPACE: '/home/me' } });
    expect(inside).toContain('::error file=linux/mm/util.c,line=1234,title=mmapvet%3A arm64::');
    const outside = await render(events, 'github.log', { env: { GITHUB_WORKSPACE: '/home/you' } });
    expect(outside).toContain('::error title=mmapvet%3A arm64::');
  });
});

describe('the step summary', () => {
  const summaryOf = async (events: readonly Event[], before = ''): Promise<string> => {
    const file = join(folder, 'summary.md');
    writeFileSync(file, before);
    await render(events, 'github.log', { env: { GITHUB_STEP_SUMMARY: file } });
    return readFileSync(file, 'utf8');
  };

  it.each(['mixed', 'fault', 'build-failed', 'hostile', 'killed'])('of "%s"', async (name) => {
    expectGolden(await summaryOf(SCENARIOS[name]?.() ?? []), `report/github/${name}.md`);
  });

  it('is added to what the step wrote before', async () => {
    expect(await summaryOf(SCENARIOS['pass']?.() ?? [], 'before\n')).toMatch(/^before\n## mmapvet: /);
  });

  it('stays below 1 MiB with what was there, and says what it left out', async () => {
    const events = many(99, (index) => `${index} ${'long '.repeat(5000)}`);
    const before = 'x'.repeat(500_000);
    const text = await summaryOf(events, before);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024);
    expect(text).toMatch(/\d+ parts left out/);
    expect(Buffer.byteLength(await summaryOf(events, 'x'.repeat(1024 * 1024)))).toBe(1024 * 1024);
  });

  it('that can not be written is a warning, not a failure', async () => {
    const text = await render(SCENARIOS['pass']?.() ?? [], 'github.log', { env: { GITHUB_STEP_SUMMARY: folder } });
    expect(text).toMatch(/::warning title=mmapvet::The step summary could not be written: EISDIR/);
  });

  it('takes nothing of a guest for markup', async () => {
    const text = await summaryOf(SCENARIOS['hostile']?.() ?? []);
    expect(text).not.toMatch(/<b>|\u001b/);
    expect(text.match(/<(?!\/?(?:details|summary|pre)>)/g)).toBeNull();
  });
});
