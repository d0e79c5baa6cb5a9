import { describe, expect, it } from 'vitest';
import { createLiveWindow } from '../../../harness/report/live-window.ts';
import { FakeClock } from '../../fixtures/clock.ts';
import { FakeTerminal } from '../../fixtures/terminal.ts';

function setUp(columns = 80) {
  const clock = new FakeClock(1000);
  const terminal = new FakeTerminal();
  const state = { lines: ['one', 'two'], columns };
  const window = createLiveWindow({
    write: (text) => terminal.write(text),
    columns: () => state.columns,
    clock,
    render: () => state.lines,
  });
  return { clock, terminal, state, window };
}

describe('createLiveWindow', () => {
  it('redraws its own lines in place', () => {
    const { clock, terminal, state, window } = setUp();
    terminal.write('$ mmapvet run\n');
    window.refresh();
    expect(terminal.screen()).toBe('$ mmapvet run\none\ntwo\n');
    state.lines = ['only'];
    clock.advance(100);
    window.refresh();
    expect(terminal.screen()).toBe('$ mmapvet run\nonly\n');
    state.lines = ['a', 'b', 'c'];
    clock.advance(100);
    window.refresh();
    expect(terminal.screen()).toBe('$ mmapvet run\na\nb\nc\n');
  });

  it('keeps printed lines above itself, in order', () => {
    const { clock, terminal, window } = setUp();
    window.refresh();
    window.print(['first']);
    window.print(['second', 'third']);
    clock.advance(100);
    expect(terminal.screen()).toBe('first\nsecond\nthird\none\ntwo\n');
  });

  it('redraws at most ten times a second, however much happens', () => {
    const { clock, terminal, window } = setUp();
    for (let ms = 0; ms < 999; ms += 1) {
      window.refresh();
      window.print([`line ${ms}`]);
      clock.advance(1);
    }
    expect(terminal.writes).toBeLessThanOrEqual(10);
    clock.advance(100);
    expect(terminal.lines).toContain('line 998');
  });

  it('redraws by itself, so that clocks go on', () => {
    const { clock, terminal, state, window } = setUp();
    window.refresh();
    state.lines = ['later'];
    clock.advance(250);
    expect(terminal.screen()).toBe('later\n');
  });

  it('does not put off a redraw that was asked for', () => {
    const { clock, terminal, state, window } = setUp();
    window.refresh();
    state.lines = ['news'];
    for (let n = 0; n < 10; n += 1) {
      clock.advance(10);
      window.refresh();
    }
    expect(terminal.screen()).toBe('news\n');
  });

  it('goes without a trace, prints what it still held, and draws no more', () => {
    const { clock, terminal, window } = setUp();
    window.refresh();
    window.print(['stays']);
    window.close();
    window.close();
    expect(terminal.screen()).toBe('stays\n');
    window.print(['after']);
    window.refresh();
    clock.advance(1000);
    expect(terminal.screen()).toBe('stays\nafter\n');
    expect(clock.waiting).toBe(0);
  });

  it('never wraps, also when the terminal gets narrower', () => {
    const { clock, terminal, state, window } = setUp(10);
    state.lines = ['0123456789abc'];
    window.refresh();
    expect(terminal.screen()).toBe('01234567…\n');
    state.columns = 5;
    clock.advance(250);
    expect(terminal.screen()).toBe('012…\n');
  });

  it('is never higher than a small terminal', () => {
    const { terminal, state, window } = setUp();
    state.lines = Array.from({ length: 100 }, (_, n) => `line ${n}`);
    window.refresh();
    expect(terminal.lines.length).toBeLessThanOrEqual(13);
  });
});
