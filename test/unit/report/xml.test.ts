import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { element, renderXml } from '../../../harness/report/xml.ts';

describe('renderXml', () => {
  it('nests elements and keeps text as it is', () => {
    const root = element('a', { b: '1 < 2' }, [element('c', {}, ['x\n  y & z']), element('d', {})]);
    expect(renderXml(root)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a b="1 &lt; 2">\n  <c>x\n  y &amp; z</c>\n  <d/>\n</a>\n',
    );
  });

  it('keeps line breaks in attributes', () => {
    expect(renderXml(element('a', { b: 'x\ny' }))).toContain('b="x&#10;y"');
  });

  it('lets nothing through that XML 1.0 forbids, and no text become markup', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const xml = renderXml(element('a', { b: text }, [text]));
        expect(xml).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
        expect(xml.split('\n').slice(1).join('\n')).toMatch(/^<a b="[^"<]*">[^<>]*<\/a>\n$/);
      }),
    );
  });
});
