/**
 * Consoles with what must be read from them: `test/golden/consoles/NAME.txt` is a header, a line `---`, the console.
 * UPDATE_GOLDEN=1 rewrites the headers; `origin:` stays as it is.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULT_CLASSES } from '../../../harness/probe/fault-classes.ts';
import { createConsoleScanner } from '../../../harness/probe/scanner.ts';
import type { SplatFault } from '../../../harness/probe/splat.ts';

const FOLDER = join(import.meta.dirname, '../../golden/consoles');
const SEPARATOR = '\n---\n';
/** On both architectures: what a change to mm breaks first. */
const COMMON = [
  'oops',
  'bug',
  'warning',
  'kasan',
  'lockdep',
  'atomic-sleep',
  'refcount',
  'list-corruption',
  'page-state',
  'panic',
  'stack',
  'lockup',
  'rcu-stall',
  'hung-task',
];

interface Golden {
  readonly name: string;
  readonly header: string;
  readonly body: Buffer;
}

function readGolden(name: string): Golden {
  const bytes = readFileSync(join(FOLDER, name));
  const at = bytes.indexOf(SEPARATOR);
  if (at < 0) throw new Error(`${name} has no line of three dashes`);
  return { name, header: bytes.toString('utf8', 0, at), body: bytes.subarray(at + SEPARATOR.length) };
}

const GOLDENS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .map(readGolden);

const known = new Map<Buffer, readonly SplatFault[]>();

function faultsIn(body: Buffer): readonly SplatFault[] {
  const found = known.get(body) ?? scan(body);
  known.set(body, found);
  return found;
}

function scan(body: Buffer): readonly SplatFault[] {
  const scanner = createConsoleScanner();
  scanner.push(body);
  return scanner.end().faults;
}

function describeFault(fault: SplatFault): string {
  const names = fault.frames
    .slice(0, 4)
    .map((frame) => frame.function + (frame.module === null ? '' : ` [${frame.module}]`));
  const flags = [...(fault.corrupted ? ['corrupted'] : []), ...(fault.panicked ? ['panicked'] : [])];
  return [
    `${fault.class}: ${fault.title}`,
    `  function ${fault.function ?? '-'}, cpu ${fault.cpu ?? '-'}, task ${fault.task ?? '-'}`,
    `  from line ${fault.line}, ${fault.lines.length} lines, ${fault.frames.length} frames: ${names.join(' < ')}`,
    `  fingerprint ${fault.fingerprint}${flags.length === 0 ? '' : `, ${flags.join(', ')}`}`,
  ].join('\n');
}

function headerOf(golden: Golden): string {
  const origin = golden.header.split('\n')[0] ?? '';
  const faults = faultsIn(golden.body).map(describeFault);
  return [origin, ...(faults.length === 0 ? ['no fault'] : faults)].join('\n');
}

describe('golden consoles', () => {
  it.each(GOLDENS)('$name', (golden) => {
    const header = headerOf(golden);
    if (process.env['UPDATE_GOLDEN'] === '1')
      writeFileSync(join(FOLDER, golden.name), Buffer.concat([Buffer.from(header + SEPARATOR), golden.body]));
    expect(golden.header.startsWith('origin: ')).toBe(true);
    expect(header).toBe(readGolden(golden.name).header);
  });

  const seenIn = (part: string): Set<string> =>
    new Set(
      GOLDENS.filter(({ name }) => name.includes(part))
        .flatMap(({ body }) => faultsIn(body))
        .map((fault) => fault.class),
    );

  it('show every class', () => {
    expect([...FAULT_CLASSES].filter((name) => !seenIn('').has(name))).toEqual([]);
  });

  it.each(['x86_64', 'arm64'])('show the common classes on %s', (arch) => {
    expect(COMMON.filter((name) => !seenIn(arch).has(name))).toEqual([]);
  });

  it('give one fingerprint to one fault on both architectures', () => {
    const pairs = GOLDENS.filter(({ name }) => name.endsWith('-x86_64.txt'))
      .map(({ name, body }) => ({ name, body, other: name.replace('x86_64', 'arm64') }))
      .filter(({ other }) => GOLDENS.some(({ name }) => name === other));
    expect(pairs.length).toBeGreaterThan(8);
    const first = (each: Buffer) => faultsIn(each)[0]?.fingerprint;
    for (const { name, body, other } of pairs) expect(first(body), name).toBe(first(readGolden(other).body));
  });

  it.each(GOLDENS.filter(({ name }) => !name.startsWith('text-')))(
    '$name reads the same without stamps',
    ({ body }) => {
      const bare = body.toString('latin1').replaceAll(/^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? /gm, '');
      const told = (faults: readonly SplatFault[]) =>
        faults.map((fault) => [fault.class, fault.title, fault.fingerprint]);
      expect(told(faultsIn(Buffer.from(bare, 'latin1')))).toEqual(told(faultsIn(body)));
    },
  );
});
