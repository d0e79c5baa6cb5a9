import { styleText } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { createListReporter } from '../../../harness/report/list.ts';
import { widthOf } from '../../../harness/report/format.ts';
import { CATALOGUE } from '../../fixtures/events/catalogue.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { FakeClock } from '../../fixtures/clock.ts';
import { FakeTerminal } from '../../fixtures/terminal.ts';
import { expectGolden } from '../../fixtures/golden.ts';

const COLUMNS = 100;

/** Replays a run on a terminal, event by event at the events' own times. */
function replay(events: readonly Event[], onEvent: (event: Event, terminal: FakeTerminal) => void = () => {}) {
  const terminal = new FakeTerminal();
  const clock = new FakeClock(Date.parse(events[0]?.at ?? ''));
  const screen = {
    live: true,
    columns: COLUMNS,
    style: (style: Parameters<typeof styleText>[0], text: string) => styleText(style, text, { validateStream: false }),
  };
  const reporter = createListReporter(terminal, { catalogue: CATALOGUE, home: '/home/me', screen, clock });
  for (const event of events) {
    clock.advanceTo(Date.parse(event.at));
    reporter.onEvent(event);
    clock.advance(100);
    onEvent(event, terminal);
  }
  void reporter.finish?.();
  return terminal;
}

describe('the list on a terminal', () => {
  const mixed = SCENARIOS['mixed']?.() ?? [];

  it('shows how far a build is', () => {
    const shots: string[] = [];
    replay(mixed, (event, terminal) => {
      if (event.kind === 'stage-progress') shots.push(terminal.screen());
    });
    expectGolden(`${shots[1] ?? ''}\n----\n${shots.at(-1) ?? ''}`, 'report/live/build.txt');
  });

  it('shows how far the probes are', () => {
    const shots: string[] = [];
    replay(mixed, (event, terminal) => {
      if (event.kind === 'cell-start' && event.cell.target === 'arm64') shots.push(terminal.screen());
    });
    expectGolden(shots[4] ?? '', 'report/live/probe.txt');
  });

  it.each(['mixed', 'build-failed', 'boot-fault', 'interrupted', 'killed'])('ends "%s" without the window', (name) => {
    expectGolden(replay(SCENARIOS[name]?.() ?? []).screen(), `report/live/${name}-end.txt`);
  });

  it('shows what it does before the kernel is known', () => {
    const events = SCENARIOS['pass']?.().slice(0, 2) ?? [];
    const shots: string[] = [];
    const terminal = replay(events, (_event, shot) => void shots.push(shot.screen()));
    expect(shots[1]).toContain('source');
    expect(terminal.screen()).toContain('no kernel source yet');
  });

  it('never draws a line that is too wide', () => {
    replay(SCENARIOS['hostile']?.() ?? [], (_event, terminal) => {
      // Printed lines may wrap, they scroll away; the window is below the last empty line.
      const window = terminal.lines.slice(terminal.lines.lastIndexOf('') + 1);
      for (const line of window) expect(widthOf(line)).toBeLessThan(COLUMNS);
    });
  });

  it('shows lines that others want shown, above the window', () => {
    const terminal = new FakeTerminal();
    const clock = new FakeClock();
    const screen = { live: true, columns: COLUMNS, style: (_: unknown, text: string) => text };
    const reporter = createListReporter(terminal, { catalogue: CATALOGUE, home: '', screen, clock });
    for (const event of mixed.slice(0, 8)) reporter.onEvent(event);
    reporter.log?.('make -j2 vmlinux');
    clock.advance(100);
    const at = terminal.lines.indexOf('make -j2 vmlinux');
    expect(at).toBeGreaterThan(0);
    expect(terminal.lines.slice(at + 1).join('\n')).toContain('build');
  });
});
