import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embedJson, toMarkup } from '../../../../harness/report/html/markup.ts';
import { h } from '../../../../harness/report/html/shared/node.ts';

describe('toMarkup', () => {
  it('escapes text and attributes', () => {
    expect(toMarkup(h('p', { title: `"'<&` }, '<script>alert(1)</script>'))).toBe(
      '<p title="&quot;&#39;&lt;&amp;">&lt;script&gt;alert(1)&lt;/script&gt;</p>',
    );
  });

  it('lets no control character and no reordering through', () => {
    expect(toMarkup('a\u001b[31mb\u202ec\u0000')).toBe('ab\ufffdc\ufffd');
  });

  it('never makes an element out of a string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const markup = toMarkup(h('p', { title: text }, text));
        expect(markup.match(/</g)).toHaveLength(2);
        expect(markup.match(/"/g)).toHaveLength(2);
      }),
    );
  });

  it.each(['onclick', 'ONLOAD', 'style', 'a b', 'x>', ''])('refuses the attribute "%s"', (name) => {
    expect(() => toMarkup(h('p', { [name]: 'x' }))).toThrow(TypeError);
  });

  it('refuses a tag that is no name', () => {
    expect(() => toMarkup(h('p><script'))).toThrow(TypeError);
  });
});

describe('embedJson', () => {
  it('can not end its script element, and is the same when read', () => {
    const value = { a: '</script><!--', b: ['<', '\u2028'] };
    expect(embedJson(value)).not.toContain('<');
    expect(JSON.parse(embedJson(value))).toEqual(value);
  });
});
