/** The workflow files in docs/ci are for others to copy: what they run must be what scripts/nightly takes. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PROJECT } from '../../../harness/core/paths.ts';
import { splitWords } from '../../../harness/core/words.ts';
import { jobsOfShard, parseShard } from '../../../harness/vet/nightly/jobs.ts';
import { parseNightly } from '../../../harness/vet/nightly/options.ts';

const FILES = globSync('docs/ci/*.yml', { cwd: PROJECT }).toSorted();
const textOf = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');

/** Every text in a document that a shell would run. */
function scriptsOf(node: unknown, key = ''): string[] {
  if (typeof node === 'string') return ['run', 'script', 'after_script'].includes(key) ? [node] : [];
  if (Array.isArray(node)) return node.flatMap((each) => scriptsOf(each, key));
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => scriptsOf(value, name));
}

/** Every command of ours, with what stands for each share in a matrix. */
function commandsOf(file: string): string[][] {
  const shares = ['1/4', '2/4', '3/4', '4/4'];
  return scriptsOf(parse(textOf(file))).flatMap((script) =>
    script
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => line.includes('scripts/nightly'))
      .flatMap((line) =>
        (/shard/.test(line) ? shares : ['']).map((share) =>
          splitWords(
            line
              .slice(line.indexOf('scripts/nightly'))
              .replace('${{ matrix.shard }}', share)
              .replace('$CI_NODE_INDEX/$CI_NODE_TOTAL', share)
              .replace('$NIGHT', 'night'),
          ).slice(1),
        ),
      ),
  );
}

describe.each(FILES)('%s', (file) => {
  it('plans once, vets every cell of the plan in exactly one share, and reports all', () => {
    const parsed = commandsOf(file).map((words) => parseNightly(words).values);
    expect(parsed.map(({ folder }) => folder)).toEqual(parsed.map(() => 'night'));
    expect(parsed.filter(({ plan }) => plan)).toHaveLength(1);
    expect(parsed.filter(({ report }) => report)).toHaveLength(1);
    const shards = parsed.flatMap(({ shard }) => (shard === undefined ? [] : [parseShard(shard)]));
    const jobs = Array.from({ length: 11 }, (_, index) => ({ id: String(index) }));
    const run = shards.flatMap((shard) => jobsOfShard(jobs, new Map(), shard));
    expect(run.toSorted((a, b) => Number(a.id) - Number(b.id))).toEqual(jobs);
  });

  it('names only programs of ours that exist', () => {
    const named = textOf(file).match(/scripts\/[\w-]+/g) ?? [];
    expect(new Set(named)).toEqual(new Set(['scripts/nightly']));
  });

  it('keeps JUnit and the run folders, also of a failed run, and gives the guest KVM', () => {
    const text = textOf(file);
    expect(text).toContain('merged/junit.xml');
    expect(text).toMatch(/NIGHT( \}\})?\/cells/);
    expect(text).toContain('KERNEL=="kvm"');
    expect(text).toMatch(/when: always|!cancelled\(\)/);
  });
});

it('there is one for GitHub and one for GitLab', () => {
  expect(FILES).toEqual(['docs/ci/github-nightly.yml', 'docs/ci/gitlab-ci.yml']);
});

describe('GitHub', () => {
  const text = textOf('docs/ci/github-nightly.yml');
  type Step = { uses?: string; run?: string; with?: Record<string, unknown> };
  const jobs = (
    parse(text) as {
      jobs: Record<
        string,
        { steps: Step[]; needs?: string; strategy?: { 'fail-fast': boolean; matrix: { shard: string[] } } }
      >;
    }
  ).jobs;

  it('lets one share fail without the others, and reports them all', () => {
    expect(jobs['vet']?.strategy).toMatchObject({
      'fail-fast': false,
      matrix: { shard: ['1/4', '2/4', '3/4', '4/4'] },
    });
    expect(jobs['report']?.needs).toEqual(['plan', 'vet']);
    const uploaded = jobs['vet']?.steps.findLast((step) => step.uses?.startsWith('actions/upload-artifact'))?.with;
    expect(uploaded?.['name']).toBe('cells-${{ env.SHARE }}');
    const taken = jobs['report']?.steps.find((step) => step.with?.['pattern'] !== undefined)?.with;
    expect(taken).toMatchObject({ pattern: 'cells-*', path: uploaded?.['path'], 'merge-multiple': true });
  });

  it('has a cache for each share, with an older one to fall back on', () => {
    const cache = jobs['vet']?.steps.find((step) => step.uses?.startsWith('actions/cache'))?.with ?? {};
    const fallbacks = String(cache['restore-keys']).trim().split('\n');
    expect(cache['key']).toContain('${{ matrix.shard }}');
    for (const fallback of fallbacks) expect(String(cache['key']).startsWith(fallback), fallback).toBe(true);
  });

  it('takes nothing of an event into a shell', () => {
    for (const script of scriptsOf(parse(text))) expect(script).not.toMatch(/\$\{\{ *(?:inputs|github)\./);
  });
});

describe('GitLab', () => {
  it('has as many shares as its jobs ask for', () => {
    const { vet } = parse(textOf('docs/ci/gitlab-ci.yml')) as { vet: { parallel: number } };
    expect(vet.parallel).toBe(4);
  });
});
