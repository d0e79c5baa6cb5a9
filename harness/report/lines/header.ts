/** Line 1 of every run: which kernel, with commit and dirty state, on which targets. */
import type { KernelIdentity } from '../../core/events.ts';
import { harmless } from '../../probe/untrusted.ts';
import { plural } from '../../core/words.ts';
import { shortenHome } from '../format.ts';
import type { RunState } from '../run-state.ts';
import type { Paint } from './paint.ts';

/** `deb:linux-source-7.3 7.3.4-1~bpo13+1`, `~/linux 1a2b3c4d5e6f, uncommitted edits`. */
export function describeSource(kernel: KernelIdentity, home: string): string {
  const { commit, packageVersion } = kernel;
  const named = packageVersion !== null && !kernel.source.includes(packageVersion);
  const words = [
    shortenHome(kernel.source, home),
    ...(named ? [packageVersion] : []),
    ...(commit === null ? [] : [commit.slice(0, 12)]),
  ];
  return harmless(words.join(' ') + (kernel.dirty ? ', uncommitted edits' : ''));
}

export function headerLine(state: RunState, paint: Paint, home: string): string {
  const targets = [...state.targets.keys()].join(' ');
  const { kernel } = state;
  const parts = [
    paint('bold', 'mmapvet'),
    kernel === null
      ? 'no kernel source yet'
      : `${paint('bold', `linux ${harmless(kernel.version)}`)} (${describeSource(kernel, home)})` +
        (kernel.series.length === 0 ? '' : ` + ${plural(kernel.series.length, 'patch', 'patches')}`),
    targets,
    state.profile,
  ];
  return parts.filter((part) => part !== '').join(paint('dim', ' · '));
}
