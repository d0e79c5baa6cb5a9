import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKtapParser, KTAP_LINE_LIMIT, type KtapItem } from '../../../harness/probe/ktap.ts';

function parse(...chunks: (string | Uint8Array)[]): KtapItem[] {
  const items: KtapItem[] = [];
  const parser = createKtapParser((item) => items.push(item));
  for (const chunk of chunks) parser.push(chunk);
  parser.end();
  return items;
}

const results = (items: readonly KtapItem[]) => items.filter((item) => item.kind === 'result');
const problems = (items: readonly KtapItem[]) =>
  items.flatMap((item) => (item.kind === 'problem' ? [item.problem] : []));

describe('createKtapParser', () => {
  it('reads versions, plans, diagnostics, results and unknown lines', () => {
    expect(parse('KTAP version 1\n# hello\n1..2\nnoise\nok 1 one\nnot ok 2 - two # ERROR it broke\n')).toEqual([
      { kind: 'version', depth: 0, text: 'KTAP version 1' },
      { kind: 'diagnostic', depth: 0, text: 'hello' },
      { kind: 'plan', depth: 0, count: 2, directive: null },
      { kind: 'unknown', depth: 0, text: 'noise' },
      { kind: 'result', depth: 0, ok: true, number: 1, description: 'one', directive: null },
      {
        kind: 'result',
        depth: 0,
        ok: false,
        number: 2,
        description: 'two',
        directive: { kind: 'ERROR', text: 'it broke' },
      },
    ]);
  });

  it.each(['TAP version 13', 'TAP version 14', 'KTAP version 1'])('accepts %s', (version) => {
    expect(problems(parse(`${version}\n1..1\nok 1\n`))).toEqual([]);
  });

  it.each([
    ['ok 1 a # SKIP no such thing', { kind: 'SKIP', text: 'no such thing' }],
    ['ok 1 a # skip lower case', { kind: 'SKIP', text: 'lower case' }],
    ['ok 1 a # XFAIL', { kind: 'XFAIL', text: '' }],
    ['not ok 1 a # TIMEOUT 30 seconds', { kind: 'TIMEOUT', text: '30 seconds' }],
    ['not ok 1 a # ERROR: with # inside', { kind: 'ERROR', text: 'with # inside' }],
    ['ok 1 a # TODO later', { kind: 'TODO', text: 'later' }],
    ['ok 1 a # rcode=0', { kind: 'other', text: 'rcode=0' }],
    ['ok 1 a # SKIPPED', { kind: 'other', text: 'SKIPPED' }],
  ])('reads the directive of "%s"', (line, directive) => {
    expect(results(parse(`KTAP version 1\n1..1\n${line}\n`))).toMatchObject([{ description: 'a', directive }]);
  });

  it('follows nested blocks and ignores indented text that belongs to none', () => {
    const text = [
      'KTAP version 1',
      '1..2',
      '  KTAP version 1',
      '  1..2',
      '    KTAP version 1',
      '    1..1',
      '    not ok 1 deep',
      '  not ok 1 middle',
      '      ok 7 somebody else prints this',
      '  ok 2 sibling',
      'not ok 1 outer',
      'ok 2 last',
    ];
    const items = parse(`${text.join('\n')}\n`);
    expect(results(items).map((item) => [item.depth, item.ok, item.description])).toEqual([
      [2, false, 'deep'],
      [1, false, 'middle'],
      [1, true, 'sibling'],
      [0, false, 'outer'],
      [0, true, 'last'],
    ]);
    expect(problems(items)).toEqual([]);
  });

  it.each([
    ['a gap in the numbers', 'KTAP version 1\n1..2\nok 1 a\nok 3 b\n', ['numbering']],
    ['a repeated number', 'KTAP version 1\n1..2\nok 1 a\nok 1 b\n', ['numbering']],
    ['a missing plan', 'KTAP version 1\nok 1 a\n', ['no-plan']],
    ['a short plan', 'KTAP version 1\n1..3\nok 1 a\n', ['short-plan']],
    ['more results than planned', 'KTAP version 1\n1..1\nok 1 a\nok 2 b\n', ['long-plan']],
    ['a second plan', 'KTAP version 1\n1..1\n1..5\nok 1 a\n', ['second-plan']],
    ['no version line', '1..1\nok 1 a\n', ['no-version']],
    ['a short nested plan', 'KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 a\nok 1 b\n', ['short-plan']],
    ['nothing at all', '', []],
  ])('notes %s', (_name, text, expected) => {
    expect(problems(parse(text))).toEqual(expected);
  });

  it('keeps the first plan', () => {
    const items = parse('KTAP version 1\n1..1\n1..0\nok 1 a\n');
    expect(items.filter((item) => item.kind === 'plan')).toMatchObject([{ count: 1 }]);
  });

  it('takes CRLF, NULs and an empty plan with a reason', () => {
    expect(parse('KTAP version 1\r\n1..0 # SKIP no driver\r\n')).toMatchObject([
      { kind: 'version' },
      { kind: 'plan', count: 0, directive: { kind: 'SKIP', text: 'no driver' } },
    ]);
    expect(results(parse('KTAP version 1\n1..1\nok\0 1 a\0b\n'))).toMatchObject([{ description: 'ab' }]);
  });

  it('decides nothing from a last line without an end', () => {
    const items = parse('KTAP version 1\n1..1\nok 1 a');
    expect(results(items)).toEqual([]);
    expect(problems(items)).toEqual(['cut-line', 'short-plan']);
  });

  it('bails out', () => {
    expect(parse('KTAP version 1\n1..1\nBail out! no device\n')).toContainEqual({
      kind: 'bail-out',
      depth: 0,
      text: 'no device',
    });
  });

  it('bounds a line of a megabyte and goes on after it', () => {
    const items = parse('KTAP version 1\n1..1\n', 'x'.repeat(1 << 20), 'ok 1 hidden\nok 1 real\n');
    expect(problems(items)).toEqual(['long-line']);
    expect(results(items)).toMatchObject([{ description: 'real' }]);
    const longest = Math.max(...items.map((item) => ('text' in item ? item.text.length : 0)));
    expect(longest).toBe(KTAP_LINE_LIMIT);
  });

  it('opens a bounded number of blocks', () => {
    const text = Array.from({ length: 500 }, (_, depth) => `${'  '.repeat(depth)}KTAP version 1\n`).join('');
    expect(Math.max(...parse(text).map((item) => item.depth))).toBeLessThan(32);
  });

  it('starts afresh where a second document follows', () => {
    const items = parse('KTAP version 1\n1..1\nok 1 a\nKTAP version 1\n1..1\nok 1 b\n');
    expect(problems(items)).toEqual([]);
    expect(results(items)).toHaveLength(2);
  });
});

const line = fc.oneof(
  fc.constantFrom(
    'KTAP version 1',
    '  KTAP version 1',
    'TAP version 13',
    '1..3',
    '  1..2',
    'ok 1 a',
    'not ok 2 b # ERROR x',
    '  ok 1 c # SKIP',
    '# log seq=1',
    'Bail out!',
    '\0\0',
    'é€😀',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const stream = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '')), { maxLength: 40 })
  .map((lines) => lines.flat().join(''));

describe('createKtapParser on any input', () => {
  it('never throws, whatever bytes come', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => void parse(...chunks)));
  });

  it('gives the same items however the stream is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 400 }), { maxLength: 20 }), (text, cuts) => {
        const bytes = new TextEncoder().encode(text);
        const ends = [...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
        const chunks = ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
        expect(parse(...chunks)).toEqual(parse(bytes));
      }),
    );
  });

  it('gives the same items for text and for its bytes', () => {
    fc.assert(
      fc.property(stream, (text) => {
        const whole = text.toWellFormed();
        expect(parse(...Array.from(whole))).toEqual(parse(new TextEncoder().encode(whole)));
      }),
    );
  });
});
