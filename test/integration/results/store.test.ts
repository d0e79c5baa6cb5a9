import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MmapvetError } from '../../../harness/core/errors.ts';
import { writeFileAtomic } from '../../../harness/results/atomic.ts';
import { readEvents } from '../../../harness/results/read-events.ts';
import { buildResults } from '../../../harness/results/results.ts';
import { createRunStore } from '../../../harness/results/store.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';

const EVENTS = SCENARIOS['mixed']?.() ?? [];
const NOW = new Date('2026-11-22T20:01:02.345Z');
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'mmapvet-store-'))));
afterEach(() => rmSync(root, { recursive: true }));

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof MmapvetError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('createRunStore', () => {
  it('makes a private folder and points latest at it', () => {
    using store = createRunStore(root, { now: NOW, id: () => 'abc123' });
    expect(store.folder).toBe(join(root, 'runs/2026-11-22T20-01-02Z-abc123'));
    expect(statSync(store.folder).mode & 0o777).toBe(0o700);
    expect(readlinkSync(join(root, 'latest'))).toBe('runs/2026-11-22T20-01-02Z-abc123');
    using next = createRunStore(root, { now: NOW, id: () => 'def456' });
    expect(readlinkSync(join(root, 'latest'))).toBe('runs/2026-11-22T20-01-02Z-def456');
    expect(next.folder).not.toBe(store.folder);
    expect(readdirSync(root).toSorted()).toEqual(['latest', 'runs']);
  });

  it('never shares a folder with another run of the same second', () => {
    const ids = ['one', 'one', 'two'];
    using first = createRunStore(root, { now: NOW, id: () => ids.shift() ?? 'none' });
    using second = createRunStore(root, { now: NOW, id: () => ids.shift() ?? 'none' });
    expect([first.folder, second.folder].map((folder) => folder.slice(-3))).toEqual(['one', 'two']);
  });

  it('has every event on disk as soon as append returns', () => {
    using store = createRunStore(root);
    for (const [index, event] of EVENTS.entries()) {
      store.append(event);
      expect(readEvents(store.eventsFile)).toEqual({ events: EVENTS.slice(0, index + 1), cut: false });
    }
  });

  it('writes results whole and leaves no temporary file', () => {
    using store = createRunStore(root);
    const results = buildResults(EVENTS);
    store.writeResults(results);
    expect(JSON.parse(readFileSync(join(store.folder, 'results.json'), 'utf8'))).toEqual(results);
    expect(readdirSync(store.folder).toSorted()).toEqual(['events.jsonl', 'results.json']);
  });

  it('writes text below the folder and nowhere else', () => {
    using store = createRunStore(root);
    store.writeText('x86_64/E02-direct/driver.log', 'seq=1\n');
    expect(readFileSync(join(store.folder, 'x86_64/E02-direct/driver.log'), 'utf8')).toBe('seq=1\n');
    for (const path of ['../evil', 'a/../../evil', '/etc/evil', '', '.', 'a\0b', '..', 'a\\..\\b'])
      expect(
        codeOf(() => store.writeText(path, 'x')),
        JSON.stringify(path),
      ).toBe('RUN_PATH');
    expect(readdirSync(join(root, 'runs'))).toHaveLength(1);
  });

  it('refuses events after its end', () => {
    const store = createRunStore(root);
    store.close();
    store.close();
    expect(codeOf(() => EVENTS.slice(0, 1).map((event) => store.append(event)))).toBe('RUN_CLOSED');
  });

  it('uses exactly the folder that the user named', () => {
    using store = createRunStore(root, { folder: join(root, 'mine') });
    expect(store.folder).toBe(join(root, 'mine'));
    expect(readdirSync(root)).toEqual(['mine']);
    expect(codeOf(() => createRunStore(root, { folder: join(root, 'mine') }))).toBe('RUN_FOLDER_USED');
  });

  it('says where it could not make a folder', () => {
    writeFileSync(join(root, 'file'), '');
    expect(codeOf(() => createRunStore(join(root, 'file')))).toBe('RUN_FOLDER');
    expect(codeOf(() => createRunStore(root, { folder: join(root, 'file/x') }))).toBe('RUN_FOLDER');
  });

  it('lives without a latest link', () => {
    mkdirSync(join(root, 'latest/full'), { recursive: true });
    using store = createRunStore(root);
    expect(readdirSync(root).toSorted()).toEqual(['latest', 'runs']);
    expect(store.folder).toContain('runs');
  });
});

describe('readEvents', () => {
  const file = () => join(root, 'events.jsonl');
  const lines = EVENTS.map((event) => `${JSON.stringify(event)}\n`);

  it('leaves out a last line that was cut', () => {
    writeFileSync(file(), lines.join('').slice(0, -20));
    expect(readEvents(file())).toEqual({ events: EVENTS.slice(0, -1), cut: true });
  });

  it('refuses a newer version, naming the file', () => {
    writeFileSync(file(), `${JSON.stringify({ ...EVENTS[0], version: 2 })}\n`);
    expect(() => readEvents(file())).toThrow(`"${file()}" has events of version 2; this mmapvet reads version 1.`);
  });

  it.each([
    ['not json', 'is no event'],
    ['{"kind":"nonsense"}', 'is no event'],
    ['[]', 'is no event'],
  ])('names the line that is "%s"', (line, message) => {
    writeFileSync(file(), `${lines[0]}${line}\n${lines[1]}`);
    expect(() => readEvents(file())).toThrow(`Line 2 of "${file()}" ${message}`);
  });

  it('says that there is no file', () => {
    expect(codeOf(() => readEvents(file()))).toBe('EVENTS_READ');
  });
});

describe('writeFileAtomic', () => {
  it('leaves the old file alone when it fails', () => {
    mkdirSync(join(root, 'folder/full'), { recursive: true });
    expect(codeOf(() => writeFileAtomic(join(root, 'folder'), 'x'))).toBe('FILE_WRITE');
    expect(readdirSync(root)).toEqual(['folder']);
    expect(codeOf(() => writeFileAtomic(join(root, 'none/x'), 'x'))).toBe('FILE_WRITE');
  });
});
