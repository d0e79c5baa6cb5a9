/** JUnit as those who read it do: a schema, and what GitLab, Jenkins and the GitHub reporters make of a file. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { planOf, truthOf } from '../../fixtures/read-back.ts';
import { parseXml, type XmlElement } from '../../fixtures/parse-xml.ts';
import { render } from '../../fixtures/render.ts';

const XSD = join(import.meta.dirname, '../../fixtures/junit.xsd');
const HAS_XMLLINT = spawnSync('xmllint', ['--version']).error === undefined;

/** What the schema says, for hosts without xmllint: attributes (required first) and children, in order. */
const RULES: Readonly<Record<string, { required: string[]; optional?: string[]; children: string[] }>> = {
  testsuites: {
    required: ['name', 'tests', 'failures', 'errors', 'skipped', 'time'],
    optional: ['timestamp'],
    children: ['testsuite'],
  },
  testsuite: {
    required: ['name', 'tests', 'failures', 'errors', 'skipped', 'time'],
    optional: ['timestamp'],
    children: ['properties', 'testcase'],
  },
  properties: { required: [], children: ['property'] },
  property: { required: ['name', 'value'], children: [] },
  testcase: {
    required: ['classname', 'name', 'time'],
    children: ['failure', 'error', 'skipped', 'system-out', 'system-err'],
  },
  failure: { required: ['type'], optional: ['message'], children: [] },
  error: { required: ['type'], optional: ['message'], children: [] },
  skipped: { required: ['type'], optional: ['message'], children: [] },
  'system-out': { required: [], children: [] },
  'system-err': { required: [], children: [] },
};

const VERDICTS = ['failure', 'error', 'skipped'];

function violations(node: XmlElement): string[] {
  const rule = RULES[node.name];
  if (rule === undefined) return [`<${node.name}>`];
  const names = Object.keys(node.attributes);
  const order = node.children.map((child) => rule.children.indexOf(child.name));
  return [
    ...rule.required.filter((name) => !names.includes(name)).map((name) => `${node.name} lacks ${name}`),
    ...names
      .filter((name) => ![...rule.required, ...(rule.optional ?? [])].includes(name))
      .map((name) => `${node.name} ${name}`),
    ...(order.includes(-1) || order.some((place, index) => place < (order[index - 1] ?? 0))
      ? [`children of ${node.name}`]
      : []),
    ...(node.children.filter((child) => VERDICTS.includes(child.name)).length > 1 ? ['two verdicts'] : []),
    ...['tests', 'failures', 'errors', 'skipped'].filter(
      (name) => name in node.attributes && !/^\d+$/.test(node.attributes[name] ?? ''),
    ),
    ...('time' in node.attributes && !/^\d+\.\d+$/.test(node.attributes['time'] ?? '') ? ['time'] : []),
    ...node.children.flatMap(violations),
  ];
}

interface Case {
  readonly classname: string;
  readonly name: string;
  readonly status: string;
  readonly text: string;
}

const casesOf = (root: XmlElement): Case[] =>
  root.children.flatMap((suite) =>
    suite.children
      .filter((child) => child.name === 'testcase')
      .map((testcase) => {
        const verdict = testcase.children.find((child) => VERDICTS.includes(child.name));
        return {
          classname: testcase.attributes['classname'] ?? '',
          name: testcase.attributes['name'] ?? '',
          status: verdict?.name ?? 'passed',
          text: verdict?.text ?? '',
        };
      }),
  );

describe.each(Object.entries(SCENARIOS))('a run with "%s"', (_name, scenario) => {
  it('fits the schema', async () => {
    const text = await render(scenario(), 'xml');
    expect(violations(parseXml(text))).toEqual([]);
  });

  it.skipIf(!HAS_XMLLINT)('fits the schema, says xmllint', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mmapvet-junit-'));
    try {
      writeFileSync(join(folder, 'x.xml'), await render(scenario(), 'xml'));
      const { status, stderr } = spawnSync('xmllint', ['--noout', '--schema', XSD, join(folder, 'x.xml')], {
        encoding: 'utf8',
      });
      expect(status, stderr).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has totals that are those of its cases', async () => {
    const root = parseXml(await render(scenario(), 'xml'));
    const count = (cases: readonly Case[], status: string): string =>
      String(cases.filter((each) => each.status === status).length);
    for (const node of [root, ...root.children]) {
      const cases = casesOf(node === root ? root : { ...root, children: [node] });
      expect(node.attributes).toMatchObject({
        tests: String(cases.length),
        failures: count(cases, 'failure'),
        errors: count(cases, 'error'),
        skipped: count(cases, 'skipped'),
      });
    }
  });

  // A second case of one classname and name is ignored, and only the element's text is shown.
  it('loses nothing in GitLab', async () => {
    const text = await render(scenario(), 'xml');
    const cases = casesOf(parseXml(text));
    expect(new Set(cases.map(({ classname, name }) => `${classname}\0${name}`)).size).toBe(cases.length);
    expect(cases.filter(({ status, text: shown }) => status !== 'passed' && shown.trim() === '')).toEqual([]);
    expect(Buffer.byteLength(text)).toBeLessThan(30e6);
  });

  // The last dot of a classname parts package and class; a dot in a name is taken for one more.
  it('is sorted by target in Jenkins', async () => {
    const cases = casesOf(parseXml(await render(scenario(), 'xml')));
    expect(cases.filter(({ name }) => name.includes('.'))).toEqual([]);
    const packages = new Set(cases.map(({ classname }) => classname.slice(0, classname.lastIndexOf('.'))));
    const targets = new Set(planOf(scenario()).map((cell) => `mmapvet.${cell.target}.base`));
    expect([...packages].filter((name) => !targets.has(name))).toEqual([]);
  });

  // Readers on GitHub tell failed, skipped and passed apart, and no more.
  it('fails on GitHub where the run failed', async () => {
    const cases = casesOf(parseXml(await render(scenario(), 'xml')));
    const red = [...truthOf(scenario()).values()].some((outcome) =>
      ['fail', 'fault', 'flaky', 'error', 'vacuous', 'not-run'].includes(outcome),
    );
    expect(cases.some(({ status }) => status === 'failure' || status === 'error')).toBe(red);
  });
});

describe('the checks themselves', () => {
  it('refuse what the schema refuses', () => {
    const parse = (body: string): string[] => violations(parseXml(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`));
    const totals = 'name="x" tests="0" failures="0" errors="0" skipped="0" time="0.0"';
    expect(parse(`<testsuites ${totals}/>`)).toEqual([]);
    expect(parse('<testsuites name="x"/>')).not.toEqual([]);
    expect(parse(`<testsuites ${totals}><testcase/></testsuites>`)).not.toEqual([]);
    expect(
      parse(`<testcase classname="a" name="b" time="0.1"><failure type="x"/><error type="y"/></testcase>`),
    ).toEqual(['two verdicts']);
    expect(parse(`<testcase classname="a" name="b" time="-1"/>`)).toEqual(['time']);
  });

  it.each([
    ['<a>', 'no element'],
    ['<a></b>', 'is not closed'],
    ['<a b="1" b="2"/>', 'twice'],
    ['<a>&nbsp;</a>', 'a bare &'],
    ['<a/><b/>', 'more than one root'],
    ['<a>\u001b</a>', 'forbids'],
    ['<a b=1/>', 'no value'],
  ])('refuse %j as XML', (body, why) =>
    expect(() => parseXml(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`)).toThrow(why),
  );
});
