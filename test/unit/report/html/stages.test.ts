import { describe, expect, it } from 'vitest';
import type { Event, Stage } from '../../../../harness/core/events.ts';
import { drawStages, lanesOf, spansOf } from '../../../../harness/report/html/stages.ts';
import { toMarkup } from '../../../../harness/report/html/markup.ts';
import { SCENARIOS } from '../../../fixtures/events/scenarios.ts';

const START = Date.parse('2026-11-22T20:00:00.000Z');

/** A stage that ended after so many seconds; `guest` 0 for what the target shares. */
function ended(stage: Stage, from: number, to: number, guest = 0): Event {
  return {
    kind: 'stage-end',
    at: new Date(START + to * 1000).toISOString(),
    target: 'x86_64',
    ...(guest === 0 ? {} : { guest }),
    stage,
    ok: true,
    reused: false,
    durationMs: (to - from) * 1000,
    detail: '',
  };
}

describe('spansOf', () => {
  it('draws what never ended up to the last event', () => {
    const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
    const { stages } = spansOf([
      { kind: 'stage-start', at: at(1), target: 'arm64', stage: 'build', detail: '' },
      { kind: 'note', at: at(5), target: null, level: 'info', text: 'x' },
    ]);
    expect(stages).toEqual([
      expect.objectContaining({ stage: 'build', ok: false, from: START + 1000, to: START + 5000 }),
    ]);
  });

  it('leaves out the stage that holds those of the guests', () => {
    const probes = [ended('probe', 0, 9), ended('probe', 1, 4, 1), ended('probe', 1, 5, 2)];
    expect(spansOf(probes).stages.map(({ guest }) => guest)).toEqual([1, 2]);
    expect(spansOf(probes.slice(0, 1)).stages).toHaveLength(1);
  });
});

describe('lanesOf', () => {
  it('keeps a guest in one lane and uses a lane again', () => {
    const { stages } = spansOf([
      ended('build', 0, 3),
      ended('boot', 3, 5, 1),
      ended('boot', 3, 6, 2),
      ended('probe', 5, 8, 1),
      ended('probe', 6, 9, 2),
      ended('restore', 8, 9, 3),
    ]);
    expect(lanesOf(stages).map((lane) => lane.map(({ stage, guest }) => `${stage}${guest ?? ''}`))).toEqual([
      ['build', 'boot1', 'probe1', 'restore3'],
      ['boot2', 'probe2'],
    ]);
  });
});

describe('drawStages', () => {
  it('is nothing where nothing was begun', () => {
    expect(drawStages([])).toBeNull();
  });

  it.each(Object.keys(SCENARIOS))('draws a run with "%s"', (name) => {
    const picture = drawStages(SCENARIOS[name]?.() ?? []);
    expect(picture === null ? '' : toMarkup(picture)).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('names the stage that failed', () => {
    const picture = drawStages(SCENARIOS['build-failed']?.() ?? []);
    expect(picture === null ? '' : toMarkup(picture)).toContain('build ✗');
  });
});
