/** `mmapvet gc`: what the cache holds; with a cap, what was used longest ago is removed. */
import { usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import { cacheFolder } from '../../core/paths.ts';
import { formatBytes, plural } from '../../core/words.ts';
import { chooseVictims, measureCache, removeEntries, type CacheEntry, type CacheUse } from '../../kernel/gc.ts';
import { parseSize } from '../../run/config-schema.ts';
import { loadConfig } from '../../run/config-file.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

export async function gcCommand(_: readonly string[], values: Values, { screen }: CommandContext): Promise<number> {
  const max = maxOf(values['max']) ?? (await loadConfig(process.cwd())).cacheMax ?? null;
  const use = await measureCache();
  const victims = max === null ? [] : chooseVictims(use, max);
  const preview = values['preview'] === true;
  const gone = preview ? victims : await removeEntries(victims);
  const bytes = gone.reduce((sum, entry) => sum + entry.bytes, 0);
  if (max === null) screen.out(table(use));
  else if (preview) for (const entry of gone) screen.out(`would remove ${entryLine(entry)}\n`);
  const left = use.bytes - bytes;
  const what = gone.length === 0 ? '' : `, ${plural(gone.length, 'entry', 'entries')} of ${formatBytes(bytes)} `;
  screen.out(
    `${cacheFolder()}: ${formatBytes(preview ? use.bytes : left)}${what}${what === '' ? '' : preview ? 'would go' : 'removed'}\n`,
  );
  if (max !== null && left > max)
    screen.err(`${screen.style('yellow', 'note')}  What is left is in use, or is ccache, Node and package lists.\n`);
  return EXIT.good;
}

function maxOf(value: Values[string]): number | null {
  if (typeof value !== 'string') return null;
  const bytes = parseSize(value);
  if (bytes === null) throw usageError('SIZE_BAD', `"--max ${value}" is no size.`, 'Write it like 500M or 20G.');
  return bytes;
}

const entryLine = ({ name, bytes, usedMs, inUse }: CacheEntry): string =>
  `${formatBytes(bytes).padStart(8)}  ${new Date(usedMs).toISOString().slice(0, 16).replace('T', ' ')}  ${name}${inUse ? '  in use' : ''}`;

/** One line a kind, the largest first. */
function table({ entries }: CacheUse): string {
  const kinds = [...Map.groupBy(entries, ({ name }) => name.split('/')[0] ?? '')].map(([kind, all]) => ({
    kind,
    count: all.length,
    bytes: all.reduce((sum, entry) => sum + entry.bytes, 0),
  }));
  return kinds
    .toSorted((a, b) => b.bytes - a.bytes)
    .map(
      ({ kind, count, bytes }) =>
        `  ${kind.padEnd(10)} ${String(count).padStart(4)}  ${formatBytes(bytes).padStart(8)}\n`,
    )
    .join('');
}
