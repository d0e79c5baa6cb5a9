import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSeries } from '../../../harness/kernel/series.ts';
import { patchFiles, PATCHES, writeMbox } from '../../fixtures/kernel-history.ts';

test('the patches are the same six as quilt folder, as files and as the thread of an mbox', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mmapvet-mbox-'));
  try {
    writeMbox(join(folder, 'thread.mbox'));
    const forms = [[PATCHES], patchFiles(), [join(folder, 'thread.mbox')]];
    const [quilt, files, mbox] = await Promise.all(forms.map((names) => readSeries(names, '/')));
    expect(quilt?.patches).toHaveLength(6);
    expect(files?.identity).toEqual(quilt?.identity);
    expect(files?.patches.map(({ text }) => text.slice(text.indexOf('\n---\n')))).toEqual(
      patchFiles().map((file) => readFileSync(file, 'utf8').replace(/^[^]*?(?=\n---\n)/, '')),
    );
    const texts = (series: typeof quilt): unknown => series?.patches.map(({ subject, text }) => [subject, text]);
    expect(texts(mbox)).toEqual(texts(quilt));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
