/** The name of a set of patches that KCIDB and its dashboards know it by. */
import { createHash } from 'node:crypto';

/** sha256 over the patches' own sha256, one a line, in order; empty for none. */
export function patchsetHash(series: readonly { readonly sha256: string }[]): string {
  if (series.length === 0) return '';
  return createHash('sha256')
    .update(series.map(({ sha256 }) => `${sha256}\n`).join(''))
    .digest('hex');
}
