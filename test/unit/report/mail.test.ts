import { describe, expect, it } from 'vitest';
import type { Event } from '../../../harness/core/events.ts';
import { widthOf } from '../../../harness/report/format.ts';
import { MAIL_COLUMNS } from '../../../harness/report/mail.ts';
import { wrap } from '../../../harness/report/wrap.ts';
import { SCENARIOS } from '../../fixtures/events/scenarios.ts';
import { render } from '../../fixtures/render.ts';

const BASE = '0123456789abcdef0123456789abcdef01234567';
const CHANGE = '20261120-unmap-range-1a2b3c4d5e6f';

function withTrailers(events: readonly Event[]): Event[] {
  return events.map((event) =>
    event.kind === 'kernel' ? { ...event, kernel: { ...event.kernel, baseCommit: BASE, changeId: CHANGE } } : event,
  );
}

describe('a mail', () => {
  it.each(Object.entries(SCENARIOS))('about "%s" is 72 columns wide', async (_name, scenario) => {
    const text = await render(scenario(), 'mail');
    expect(text.split('\n').filter((line) => widthOf(line) > MAIL_COLUMNS)).toEqual([]);
    expect(text).not.toMatch(/[ \t]$|\n\n\n/m);
  });

  it.each([
    ['pass', 'mmapvet: PASS, 2 of 2 cells good; linux 7.3.4, x86_64'],
    ['mixed', 'mmapvet: FAIL, 1 of 20 cells; linux 7.3.4 + 1 patch, x86_64 arm64'],
    ['vacuous', 'mmapvet: UNDECIDED, 1 of 2 cells good; linux 7.3.4, x86_64'],
    ['interrupted', 'mmapvet: INTERRUPTED, 4 of 20 cells good; linux 7.3.4, x86_64 arm64'],
    ['killed', 'mmapvet: NOT FINISHED, 4 of 20 cells good; linux 7.3.4, x86_64 arm64'],
  ])('about "%s" begins with the verdict', async (name, line) => {
    expect((await render(SCENARIOS[name]?.() ?? [], 'mail')).split('\n')[0]).toBe(line);
  });

  it('echoes what the series says of itself', async () => {
    const text = await render(withTrailers(SCENARIOS['pass']?.() ?? []), 'mail');
    expect(text).toMatch(
      new RegExp(
        `\n\nbase-commit: ${BASE}\nchange-id: ${CHANGE}\nTested-by: Me <me@example.org> # mmapvet 0\\.1\\.0\n$`,
      ),
    );
  });

  it('has been tested by nobody unless all is good and somebody says so', async () => {
    expect(await render(SCENARIOS['mixed']?.() ?? [], 'mail')).not.toContain('Tested-by');
    expect(await render(SCENARIOS['killed']?.() ?? [], 'mail')).not.toContain('Tested-by');
    expect(await render(SCENARIOS['pass']?.() ?? [], 'mail', { env: {} })).not.toContain('Tested-by');
  });
});

describe('wrap', () => {
  it.each([
    ['a b c', 80, ['> a b c']],
    ['aaa bbb ccc', 8, ['> aaa', '  bbb', '  ccc']],
    ['aaa bbb ccc', 9, ['> aaa bbb', '  ccc']],
    ['abcdefghij k', 6, ['> abcd', '  efgh', '  ij k']],
    ['', 9, ['>']],
    ['日本語', 6, ['> 日本', '  語']],
  ])('%j at %i', (text, columns, lines) => expect(wrap(text, columns, '> ', '  ')).toEqual(lines));

  it('ends where not even one character fits', () => {
    expect(wrap('ab', 1, '> ', '  ')).toEqual(['> a', '  b']);
  });
});
