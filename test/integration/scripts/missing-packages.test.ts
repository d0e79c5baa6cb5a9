import { execa } from 'execa';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';

const own = { os: [process.platform], cpu: [process.arch] };
const LOCK = {
  packages: {
    '': {},
    'node_modules/plain': {},
    'node_modules/@x/here': own,
    'node_modules/@x/gone': { ...own, libc: ['glibc'] },
    'node_modules/@x/musl': { ...own, libc: ['musl'] },
    'node_modules/@x/other': { os: ['aix'], cpu: [process.arch] },
    'node_modules/@x/wasm': { cpu: ['wasm32'] },
  },
};

it('tells which compiled packages of this platform are not there', async () => {
  const project = await mkdtemp(join(tmpdir(), 'mmapvet-packages-'));
  await mkdir(join(project, 'scripts'));
  await mkdir(join(project, 'node_modules/@x/here'), { recursive: true });
  const script = join(project, 'scripts/missing-packages.ts');
  await copyFile(join(PROJECT, 'scripts/missing-packages.ts'), script);
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(join(project, 'package-lock.json'), JSON.stringify(LOCK));
  const before = await execa(process.execPath, [script], { reject: false });
  expect(before).toMatchObject({ exitCode: 1, stderr: 'npm left out: node_modules/@x/gone' });
  await mkdir(join(project, 'node_modules/@x/gone'));
  expect(await execa(process.execPath, [script], { reject: false })).toMatchObject({ exitCode: 0, stderr: '' });
  await rm(project, { recursive: true });
});
