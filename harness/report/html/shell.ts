/** The document around a page: one file, no request, nothing runs but the one script whose hash the policy names. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { embedJson, escapeText, toMarkup } from './markup.ts';
import { h, type Element } from './shared/node.ts';

export interface PageParts {
  readonly title: string;
  readonly body: readonly Element[];
  readonly script: string;
  /** JSON for the script, by the id of its element. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** The same, packed: for what is large and not needed at once. */
  readonly packed?: Readonly<Record<string, unknown>>;
}

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E%3Crect width=%2216%22 height=%2216%22 rx=%223%22 fill=%22%232f5d8a%22/%3E%3Cpath d=%22M4 8.5l3 3 5-7%22 fill=%22none%22 stroke=%22white%22 stroke-width=%222%22/%3E%3C/svg%3E';

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

export function renderDocument(parts: PageParts): string {
  const style = readFileSync(join(import.meta.dirname, 'style.css'), 'utf8').trim();
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(parts.script)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escapeText(policy)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="color-scheme" content="light dark">',
    toMarkup(h('title', {}, parts.title)),
    `<link rel="icon" href="${ICON}">`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    ...parts.body.map(toMarkup),
    ...Object.entries(parts.data ?? {}).map(
      ([id, value]) => `<script type="application/json" id="${escapeText(id)}">${embedJson(value)}</script>`,
    ),
    ...Object.entries(parts.packed ?? {}).map(
      ([id, value]) => `<script type="application/gzip" id="${escapeText(id)}">${pack(value)}</script>`,
    ),
    `<script type="module">${parts.script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The logs of a full run are 2 MB of text that repeats itself. */
const pack = (value: unknown): string => gzipSync(JSON.stringify(value), { level: 9 }).toString('base64');
