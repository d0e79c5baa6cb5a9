import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScreen, type Screen } from '../../../harness/core/screen.ts';
import { createReporters } from '../../../harness/report/create.ts';
import { createMultiplexer } from '../../../harness/report/multiplexer.ts';
import { parseReporters } from '../../../harness/report/parse-spec.ts';
import { Results } from '../../../harness/results/results.ts';
import { CATALOGUE } from '../../fixtures/events/catalogue.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';

let root: string;
let out: string;
let err: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mmapvet-report-'));
  out = '';
  err = '';
});
afterEach(() => rmSync(root, { recursive: true }));

function screen(): Screen {
  const stdout = { write: (text: string) => ((out += text), true) };
  const stderr = { write: (text: string) => ((err += text), true) };
  return createScreen(stdout, stderr, {});
}

async function report(spec: string): Promise<readonly { name: string }[]> {
  const reporters = createReporters(parseReporters(spec, {}), {
    screen: screen(),
    catalogue: CATALOGUE,
    home: '/home/me',
  });
  const all = createMultiplexer(reporters);
  for (const event of SCENARIOS['mixed']?.() ?? []) all.onEvent(event);
  return all.finish();
}

describe('createReporters', () => {
  it('writes the list to standard output and the others to their files', async () => {
    const file = (name: string) => join(root, name);
    expect(await report(`list,ktap=${file('k')},junit=${file('j')},json=${file('r')}`)).toEqual([]);
    expect(out).toContain('The kernel breaks the contract in 1 cell.');
    expect(err).toBe('');
    expect(readFileSync(file('k'), 'utf8')).toMatch(/^KTAP version 1\n/);
    expect(readFileSync(file('j'), 'utf8')).toMatch(/^<\?xml /);
    expect(Results.parse(JSON.parse(readFileSync(file('r'), 'utf8'))).cells).toHaveLength(20);
  });

  it('prints results.json on standard output and nothing else', async () => {
    await report('list,json');
    expect(Results.parse(JSON.parse(out)).version).toBe(1);
    expect(err).toContain('mmapvet · linux 7.3.4');
  });

  it('says before the run that a report can not be written', async () => {
    await expect(report(`junit=${join(root, 'none/x.xml')}`)).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
  });

  it.each(['', '/'])('refuses a folder as a file: "%s"', async (slash) => {
    await expect(report(`junit=${root}${slash}`)).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE', blame: 'usage' });
  });

  it('leaves nothing beside a file that it only checked', () => {
    createReporters(parseReporters(`junit=${join(root, 'x.xml')},ktap=${join(root, 'y')}`, {}), {
      screen: screen(),
      catalogue: CATALOGUE,
    });
    expect(readdirSync(root)).toEqual([]);
  });

  it('writes through a link and into a device, and replaces neither', async () => {
    writeFileSync(join(root, 'real.xml'), 'old');
    symlinkSync('real.xml', join(root, 'link.xml'));
    symlinkSync('/dev/null', join(root, 'null'));
    expect(await report(`junit=${join(root, 'link.xml')},ktap=${join(root, 'null')}`)).toEqual([]);
    expect(readFileSync(join(root, 'real.xml'), 'utf8')).toMatch(/^<\?xml /);
    expect(readlinkSync(join(root, 'link.xml'))).toBe('real.xml');
    expect(readlinkSync(join(root, 'null'))).toBe('/dev/null');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('says wrong settings of a reporter before the run', () => {
    const create = () =>
      createReporters(parseReporters('kcidb', {}), {
        screen: screen(),
        catalogue: CATALOGUE,
        env: { MMAPVET_KCIDB_ORIGIN: 'Not Me' },
      });
    expect(create).toThrow('The KCIDB origin "Not Me" has other characters');
  });

  it('names the reporter whose file went away meanwhile, and finishes the others', async () => {
    const folder = mkdtempSync(join(root, 'gone-'));
    const reporters = createReporters(parseReporters(`junit=${join(folder, 'x.xml')},list`, {}), {
      screen: screen(),
      catalogue: CATALOGUE,
    });
    const all = createMultiplexer(reporters);
    for (const event of SCENARIOS['pass']?.() ?? []) all.onEvent(event);
    rmSync(folder, { recursive: true });
    expect((await all.finish()).map(({ name }) => name)).toEqual([`junit=${join(folder, 'x.xml')}`]);
    expect(out).toContain('Every clause that applies to this kernel holds.');
    expect(existsSync(folder)).toBe(false);
  });
});
