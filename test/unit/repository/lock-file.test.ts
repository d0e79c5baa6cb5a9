import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';

const lock = readFileSync(join(PROJECT, 'package-lock.json'), 'utf8');

it('names no registry host: each host uses its own', () => {
  expect(lock).not.toMatch(/"resolved"/);
  expect(lock.match(/https?:\/\/[^"]*\.tgz/g)).toBeNull();
});

it('pins every package by its integrity', () => {
  const { packages } = JSON.parse(lock) as { packages: Record<string, { integrity?: string; inBundle?: boolean }> };
  const open = Object.entries(packages).filter(
    ([path, { integrity, inBundle }]) => path !== '' && !integrity && !inBundle,
  );
  expect(open.map(([path]) => path)).toEqual([]);
});
