/** How much larger or smaller each function got, on each target that both kernels were built for. */
import { messageOf } from '../core/errors.ts';
import { run } from '../core/exec.ts';
import { compareSizes, type SizeChange } from '../results/sizes.ts';
import type { Outcome } from '../run/execute.ts';

export interface Sizes {
  readonly sizes: { readonly target: string; /** What grew most comes first. */ readonly changes: SizeChange[] }[];
  /** What could not be measured, and why. */
  readonly notes: string[];
}

export async function measureSizes(base: Outcome, patched: Outcome, signal: AbortSignal): Promise<Sizes> {
  const found: Sizes = { sizes: [], notes: [] };
  for (const before of base.built.targets.values()) {
    const target = before.target.name;
    const after = patched.built.targets.get(target);
    if (before.kind !== 'built' || after?.kind !== 'built') continue;
    try {
      // oxlint-disable-next-line no-await-in-loop -- nm needs all of a core
      found.sizes.push({ target, changes: await changesOf(before.build.vmlinux, after.build.vmlinux, signal) });
    } catch (error) {
      signal.throwIfAborted();
      found.notes.push(`${target}: the sizes of functions could not be read: ${messageOf(error)}`);
    }
  }
  return found;
}

async function changesOf(before: string, after: string, signal: AbortSignal): Promise<SizeChange[]> {
  // The same build: nothing to read.
  if (before === after) return [];
  const [old, fresh] = await Promise.all([symbols(before, signal), symbols(after, signal)]);
  return compareSizes(old, fresh);
}

/** nm reads the symbols of an ELF file of any architecture. */
async function symbols(vmlinux: string, signal: AbortSignal): Promise<string> {
  return (await run(['nm', '--print-size', vmlinux], { signal })).stdout;
}
