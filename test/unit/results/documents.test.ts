import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../harness/core/paths.ts';
import { comparisonJsonSchema } from '../../../harness/results/comparison.ts';
import { seriesJsonSchema } from '../../../harness/results/series.ts';
import { writeFileSync } from 'node:fs';

test.each([
  ['compare', comparisonJsonSchema],
  ['series', seriesJsonSchema],
])('docs/%s.schema.json is that of the code', async (name, schema) => {
  const file = join(PROJECT, `docs/${name}.schema.json`);
  const text = await format(JSON.stringify(schema()), { parser: 'json', printWidth: 120 });
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(await readFile(file, 'utf8')).toBe(text);
});
