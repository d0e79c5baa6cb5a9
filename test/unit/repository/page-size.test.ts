import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GUEST } from '../../../harness/core/paths.ts';

const FOLDER = join(GUEST, 'probes');

const withoutComments = (code: string): string => code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');

/** 4 KiB, in the ways in which one writes it; 16 and 64 KiB are pages as well (O01). */
const SIZES = /\b(?:4096|16384|65536|0x(?:1|4|10)000)(?:ULL?)?\b|\bPAGE_(?:SIZE|SHIFT)\b|<< ?1[246]\b/g;

/** Values that are no sizes of memory that is mapped. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'probe.h': ['0x1000ULL', '0x4000ULL'],
  'report.h': ['4096'],
  'coverage.c': ['4096', '16384'],
};

test.each(readdirSync(FOLDER).filter((file) => /\.[ch]$/.test(file)))('%s speaks in pages', (file) => {
  const found = withoutComments(readFileSync(join(FOLDER, file), 'utf8')).match(SIZES) ?? [];
  expect(found.filter((word) => !OTHERS[file]?.includes(word))).toEqual([]);
});
