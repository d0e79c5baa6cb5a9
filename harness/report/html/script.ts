/** The page's own script: a few TypeScript modules, made into one script by taking out types, imports and exports. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** Dependencies first. Names at the top of these modules share one scope. */
export const MODULES: readonly string[] = [
  'shared/node.ts',
  'shared/log.ts',
  'shared/event-words.ts',
  'shared/trace.ts',
  'shared/vmas.ts',
  'shared/scale.ts',
  'shared/picture.ts',
  'client/dom.ts',
  'client/theme.ts',
  'client/data.ts',
  'client/filter.ts',
  'client/matrix.ts',
  'client/detail.ts',
  'client/main.ts',
];

/** What a page without a matrix needs. */
const THEME_ONLY: readonly string[] = ['client/theme.ts', 'client/theme-only.ts'];

export const runScript = (): string => bundle(MODULES);
export const themeScript = (): string => bundle(THEME_ONLY);

function bundle(modules: readonly string[]): string {
  const parts = modules.map((name) => moduleBody(readFileSync(join(import.meta.dirname, name), 'utf8')));
  const script = parts.join('\n');
  if (/<\/script|<!--/i.test(script)) throw new TypeError('The script would end its own element.');
  return script;
}

function moduleBody(source: string): string {
  return stripTypes(source)
    .replaceAll(/^import [^;]*;$/gm, '')
    .replaceAll(/^export (?=const|let|function|async|class)/gm, '')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

/** Node calls it experimental on the terminal each time; our own sources need no such warning. */
function stripTypes(source: string): string {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
