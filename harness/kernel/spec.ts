/** `--kernel`: what the user named, before anything is read. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { usageError } from '../core/errors.ts';

export type KernelSpec =
  | { readonly kind: 'default'; readonly cwd: string }
  | { readonly kind: 'tree'; readonly folder: string }
  /** A commit of a git tree, whatever the tree's files are. `base` is what it is to be named by, before its series. */
  | { readonly kind: 'commit'; readonly folder: string; readonly base: string; readonly commit: string }
  | { readonly kind: 'tarball'; readonly file: string }
  | { readonly kind: 'deb'; readonly name: string; readonly version: string | null };

/**
 * @param spec undefined for the default: the kernel tree that `cwd` lies in, else Debian's newest with the hook
 * @throws MmapvetError KERNEL_SPEC, KERNEL_NO_SUCH_FILE
 */
export function parseKernelSpec(spec: string | undefined, cwd: string): KernelSpec {
  if (spec === undefined) return { kind: 'default', cwd };
  if (spec.startsWith('deb:')) return parseDeb(spec);
  const path = resolve(cwd, spec);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw usageError(
      'KERNEL_NO_SUCH_FILE',
      `There is no "${spec}" to take a kernel from.`,
      'Give a kernel tree, a tarball, or deb:linux-source-7.3[=VERSION].',
    );
  return stat.isDirectory() ? { kind: 'tree', folder: path } : { kind: 'tarball', file: path };
}

function parseDeb(spec: string): KernelSpec {
  const match = /^deb:(linux-source-\d+\.\d+)(?:=(\S+))?$/.exec(spec);
  if (match === null)
    throw usageError(
      'KERNEL_SPEC',
      `"${spec}" is no Debian kernel source.`,
      'Write it like deb:linux-source-7.3 or deb:linux-source-7.3=7.3.4-1.',
    );
  return { kind: 'deb', name: match[1]!, version: match[2] ?? null };
}
