import { describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { mergeRuns } from '../../../harness/results/merge.ts';
import { buildResults } from '../../../harness/results/results.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { render } from '../../fixtures/render.ts';

const eventsOf = (name: string): Event[] => SCENARIOS[name]?.() ?? [];
const as = (
  events: readonly Event[],
  change: { readonly profile?: string; readonly version?: string; readonly folder?: string },
): Event[] =>
  events.map((event): Event => {
    const { profile, version, folder } = change;
    if (event.kind === 'run-start')
      return {
        ...event,
        folder: folder ?? event.folder,
        profile: profile ?? event.profile,
        cells: event.cells.map((cell) => ({ ...cell, profile: profile ?? cell.profile })),
      };
    if (event.kind === 'kernel' && version !== undefined) return { ...event, kernel: { ...event.kernel, version } };
    if (event.kind === 'cell' && profile !== undefined) return { ...event, cell: { ...event.cell, profile } };
    if (event.kind === 'build' && profile !== undefined) return { ...event, build: { ...event.build, profile } };
    return event;
  });

function merge(...runs: readonly (readonly Event[])[]): Event[] {
  return mergeRuns(
    runs.map((events, index) => ({
      run: { folder: `/in/${index + 1}`, events, problems: [] },
      place: `runs/${index + 1}`,
    })),
    { tool: 'mmapvet 0', command: ['mmapvet', 'merge'], folder: '/out' },
  );
}

const targetsOf = (events: readonly Event[]) => buildResults(events).targets.map(({ name }) => name);

describe('shards of one run', () => {
  it('come out as the run would have: the names, counts and exit code of it', () => {
    const whole = eventsOf('mixed');
    const shard = (wanted: (target: string) => boolean): Event[] =>
      whole.flatMap((event): Event[] => {
        if (event.kind === 'run-start')
          return [
            {
              ...event,
              targets: event.targets.filter(wanted),
              cells: event.cells.filter((cell) => wanted(cell.target)),
            },
          ];
        const target = event.kind === 'cell' || event.kind === 'cell-start' ? event.cell.target : null;
        return target === null || wanted(target) ? [event] : [];
      });
    const merged = buildResults(
      merge(
        shard((name) => name === 'arm64'),
        shard((name) => name !== 'arm64'),
      ),
    );
    const expected = buildResults(whole);
    expect(merged.targets.map(({ name }) => name).toSorted()).toEqual(
      expected.targets.map(({ name }) => name).toSorted(),
    );
    expect(merged.counts).toEqual(expected.counts);
    expect(merged.exitCode).toBe(expected.exitCode);
    expect(merged.kernel).toEqual(expected.kernel);
    expect(merged.undecided).toBe(expected.undecided);
  });

  it('a cell that two of them decided otherwise is flaky, and alike is what it is', () => {
    expect(buildResults(merge(eventsOf('pass'), eventsOf('pass'))).counts).toMatchObject({ pass: 2, flaky: 0 });
    const events = eventsOf('pass').map((event): Event =>
      event.kind === 'cell' ? { ...event, cell: { ...event.cell, outcome: 'fail', reason: 'it broke' } } : event,
    );
    const merged = buildResults(merge(eventsOf('pass'), events));
    expect(merged.counts).toMatchObject({ pass: 0, flaky: 2 });
    expect(merged.exitCode).toBe(1);
  });
});

describe('cells of a matrix', () => {
  it('are told apart by no more than differs', () => {
    const one = eventsOf('pass');
    expect(targetsOf(merge(one))).toEqual(['x86_64']);
    expect(targetsOf(merge(one, as(one, { profile: 'asan' })))).toEqual(['x86_64 base', 'x86_64 asan']);
    expect(targetsOf(merge(one, as(one, { version: '7.2.13' })))).toEqual(['x86_64 7.3.4', 'x86_64 7.2.13']);
  });

  it('keep kernel, profile and command of their own in JUnit, KCIDB and the command that repeats', async () => {
    const events = merge(eventsOf('pass'), as(eventsOf('fail'), { profile: 'asan', version: '7.2.13' }));
    const junit = await render(events, 'xml');
    expect(junit).toContain('name="mmapvet.x86_64.base.7_3_4"');
    expect(junit).toContain('name="mmapvet.x86_64.asan.7_2_13"');
    const kcidb = JSON.parse(await render(events, 'kcidb.json')) as {
      checkouts: { misc: { version: string } }[];
      builds: { architecture: string; config_name: string; checkout_id: string }[];
    };
    expect(kcidb.checkouts.map(({ misc }) => misc.version)).toEqual(['7.3.4', '7.2.13']);
    expect(new Set(kcidb.builds.map(({ checkout_id: id }) => id)).size).toBe(2);
    expect(kcidb.builds.map((build) => [build.architecture, build.config_name])).toEqual([
      ['x86_64', 'base'],
      ['x86_64', 'asan'],
    ]);
    const list = await render(events, 'txt');
    expect(list).toMatch(/run again +mmapvet run .*--target x86_64 --clause/);
    expect(list).not.toContain('mmapvet merge --target');
  });

  it('keep their evidence and consoles, where the merged folder has them', () => {
    const events = eventsOf('fail');
    const evidence = (all: readonly Event[]) =>
      all.flatMap((event) => (event.kind === 'cell' && event.cell.evidence !== null ? [event.cell.evidence] : []));
    const before = evidence(events);
    expect(before.length).toBeGreaterThan(0);
    expect(evidence(merge(events))).toEqual(before.map((place) => `runs/1/${place}`));
    const folder = '/in/1';
    const live = as(events, { folder }).map((event): Event =>
      event.kind === 'guest' ? { ...event, console: `${folder}/${event.console}` } : event,
    );
    const consoles = merge(live).flatMap((event) => (event.kind === 'guest' ? [event.console] : []));
    expect(consoles.length).toBeGreaterThan(0);
    for (const console of consoles) expect(console).toMatch(/^\/out\/runs\/1\//);
  });
});

describe('what went wrong', () => {
  it('a run that was killed leaves the whole undecided, and its cells not run', () => {
    const merged = buildResults(merge(eventsOf('pass'), as(eventsOf('killed'), { profile: 'asan' })));
    expect(merged.undecided).toBe(buildResults(eventsOf('killed')).undecided);
    expect(merged.exitCode).toBe(2);
  });

  it('trouble of one run is not told of the others', () => {
    const broken = as(eventsOf('build-failed'), { profile: 'asan' });
    const notes = merge(eventsOf('pass'), broken).filter((event) => event.kind === 'note' && event.level === 'error');
    expect(notes.length).toBeGreaterThan(0);
    for (const note of notes) expect((note as { target: string | null }).target).toMatch(/ asan /);
  });
});
