import { describe, expect, it } from 'vitest';
import { describeTaint, newTaint, TAINT_FLAGS, taintFlags } from '../../../harness/probe/taint.ts';

const letters = (flags: readonly { letter: string }[]) => flags.map((flag) => flag.letter).join('');

describe('taint', () => {
  it('has the letters of kernel/panic.c in order', () => {
    expect(letters(TAINT_FLAGS)).toBe('PFSRMBUDAWCIOELKXTNJ');
  });

  it('reads bits', () => {
    expect(letters(taintFlags(0))).toBe('');
    expect(letters(taintFlags(0x3200))).toBe('WOE');
    expect(describeTaint(taintFlags(1 << 9))).toBe('W (warning)');
    expect(describeTaint(taintFlags(2 ** 40))).toBe('? (unknown bit 40)');
  });

  it('does not count what our own driver causes, nor what was there before', () => {
    expect(letters(newTaint(0, 0x3000))).toBe('');
    expect(letters(newTaint(0x3000, 0x3280))).toBe('DW');
    expect(letters(newTaint(0x3200, 0x3200))).toBe('');
  });

  it('knows which flags mean a broken kernel', () => {
    expect(letters(TAINT_FLAGS.filter((flag) => flag.role === 'fault'))).toBe('BDWL');
  });
});
