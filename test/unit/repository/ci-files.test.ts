/** The workflow files in docs/ci are for others to copy: what they run must be what mmapvet takes. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseAndRun, type Values } from '../../../harness/cli/parse.ts';
import { DEFAULT_TARGETS } from '../../../harness/core/arch.ts';
import { PROJECT } from '../../../harness/core/paths.ts';
import { splitWords } from '../../../harness/core/words.ts';
import { parseReporters } from '../../../harness/report/parse-spec.ts';
import { planRun } from '../../../harness/run/plan.ts';

const FILES = globSync('docs/ci/*.yml', { cwd: PROJECT }).toSorted();
const textOf = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');

/** Every text in a document that a shell would run. */
function scriptsOf(node: unknown, key = ''): string[] {
  if (typeof node === 'string') return ['run', 'script'].includes(key) ? [node] : [];
  if (Array.isArray(node)) return node.flatMap((each) => scriptsOf(each, key));
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => scriptsOf(value, name));
}

/** What stands for each target in a matrix. */
const fill = (text: string, target: string): string =>
  text.replaceAll(/\$\{\{ matrix\.target \}\}|\$TARGET/g, target).replaceAll('$MMAPVET_KERNEL', 'deb:linux-source-7.3');

function commandsOf(file: string): string[][] {
  return scriptsOf(parse(textOf(file))).flatMap((script) =>
    script
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => line.includes('scripts/mmapvet'))
      .flatMap((line) =>
        DEFAULT_TARGETS.map((target) =>
          splitWords(fill(line.slice(line.indexOf('scripts/mmapvet')), target.name)).slice(1),
        ),
      ),
  );
}

describe.each(FILES)('%s', (file) => {
  const document = parse(textOf(file)) as Record<string, Record<string, unknown>>;

  it('runs commands that mmapvet takes, on every default target', async () => {
    const targets: unknown[] = [];
    for (const words of commandsOf(file)) {
      let seen: Values = {};
      // oxlint-disable-next-line no-await-in-loop -- a handful
      await parseAndRun(
        words,
        async (_name, _args, values) => void (seen = values),
        () => {},
      );
      const plan = planRun(seen);
      targets.push(...plan.targets.map((target) => target.name));
      expect(parseReporters((seen['reporter'] as string[]).join(','), {}).map(({ name }) => name)).toContain('junit');
      expect(seen['yes'], 'nobody is there to answer').toBe(true);
    }
    expect(new Set(targets)).toEqual(new Set(DEFAULT_TARGETS.map((target) => target.name)));
  });

  it('names only programs of ours that exist', () => {
    const named = textOf(file).match(/scripts\/[\w-]+/g) ?? [];
    expect(new Set(named)).toEqual(new Set(['scripts/mmapvet']));
  });

  it('lists every default target in its matrix', () => {
    const lists = textOf(file).match(/\b(?:target|TARGET): \[(.*)\]/)?.[1] ?? '';
    expect(lists.split(', ')).toEqual(DEFAULT_TARGETS.map((target) => target.name));
  });

  it('keeps JUnit and the run folder, also of a failed run, and gives the guest KVM', () => {
    const text = textOf(file);
    expect(text).toMatch(/junit[^\n]*\.xml/);
    expect(text).toContain('.state/mmapvet/runs/');
    expect(text).toContain('KERNEL=="kvm"');
    expect(text).toMatch(/when: always|!cancelled\(\)/);
    expect(Object.keys(document).length).toBeGreaterThan(1);
  });
});

it('there is one for GitHub and one for GitLab', () => {
  expect(FILES).toEqual(['docs/ci/github-nightly.yml', 'docs/ci/gitlab-ci.yml']);
});

describe('GitHub', () => {
  const text = textOf('docs/ci/github-nightly.yml');
  type Step = { uses?: string; run?: string; with?: Record<string, unknown> };
  const jobs = (
    parse(text) as { jobs: Record<string, { steps: Step[]; needs?: string; strategy?: { 'fail-fast': boolean } }> }
  ).jobs;

  it('lets one target fail without the other, and merges their reports', () => {
    expect(jobs['vet']?.strategy).toMatchObject({ 'fail-fast': false });
    expect(jobs['report']?.needs).toBe('vet');
    const glob = jobs['report']?.steps.find((step) => step.uses?.startsWith('mikepenz/'))?.with?.['report_paths'];
    expect(glob).toBe('**/junit-reports/TEST-*.xml');
    expect(text).toContain('junit=junit-reports/TEST-${{ matrix.target }}.xml');
  });

  it('has a cache for each target, with an older one to fall back on', () => {
    const cache = jobs['vet']?.steps.find((step) => step.uses?.startsWith('actions/cache'))?.with ?? {};
    const fallbacks = String(cache['restore-keys']).trim().split('\n');
    expect(cache['key']).toContain('${{ matrix.target }}');
    for (const fallback of fallbacks) expect(String(cache['key']).startsWith(fallback), fallback).toBe(true);
  });

  it('takes nothing of an event into a shell', () => {
    for (const script of scriptsOf(parse(text))) expect(script).not.toMatch(/\$\{\{ *(?:inputs|github)\./);
  });
});
