import { describe, expect, it } from 'vitest';
import {
  cutToWidth,
  formatClock,
  formatDuration,
  padTo,
  shortenHome,
  slug,
  widthOf,
} from '../../../harness/report/format.ts';

const RED = '\u001b[31mred text\u001b[39m';

describe('times', () => {
  it.each([
    [0, '0.0 s'],
    [340, '0.3 s'],
    [9949, '9.9 s'],
    [9999, '10 s'],
    [59_600, '1 min 00 s'],
    [101_000, '1 min 41 s'],
    [3_720_000, '1 h 02 min'],
  ])('%d ms is %s', (ms, expected) => expect(formatDuration(ms)).toBe(expected));

  it.each([
    [-5, '0:00'],
    [62_900, '1:02'],
    [3_605_000, '1:00:05'],
  ])('%d ms on a clock is %s', (ms, expected) => expect(formatClock(ms)).toBe(expected));
});

describe('widths', () => {
  it.each([
    ['plain', 5],
    [RED, 8],
    ['日本', 4],
    ['e\u0301', 1],
    ['✓ ▕█▏', 5],
  ])('%j takes %d columns', (text, width) => expect(widthOf(text)).toBe(width));

  it('cuts and says so', () => {
    expect(cutToWidth('hello', 5)).toBe('hello');
    expect(cutToWidth('hello!', 5)).toBe('hell…');
    expect(cutToWidth('日本語', 4)).toBe('日…');
  });

  it('lets no colour leak out of a cut text', () => {
    expect(cutToWidth(RED, 4)).toBe('\u001b[31mred…\u001b[0m');
    expect(cutToWidth(RED, 8)).toBe(RED);
  });

  it('pads by columns, not by characters', () => {
    expect(padTo(RED, 10)).toBe(`${RED}  `);
    expect(padTo('long', 2)).toBe('long');
  });
});

describe('slug', () => {
  it.each([
    ['It gets `mapped` exactly once', 'it-gets-mapped-exactly-once'],
    ['a.b/c # d', 'a-b-c-d'],
    ['', ''],
  ])('%j becomes %j', (title, expected) => expect(slug(title)).toBe(expected));

  it('ends at a word', () => expect(slug('one two three', 8)).toBe('one-two'));
});

describe('shortenHome', () => {
  it.each([
    ['/home/me/x', '/home/me', '~/x'],
    ['/home/me', '/home/me', '~'],
    ['/home/mean/x', '/home/me', '/home/mean/x'],
    ['/x', '/', '/x'],
    ['/x', '', '/x'],
  ])('%s in the home %j is %s', (path, home, expected) => expect(shortenHome(path, home)).toBe(expected));
});
