/**
 * What of a build runs in a guest, as one word: kernels that agree in it behave alike, whatever their sources say. Left out
 * is what comments move: debug information and the build id that is made of it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Arch } from '../../core/arch.ts';
import { crossCompileFor } from '../../core/arch.ts';
import { run } from '../../core/exec.ts';
import { findProgram } from '../../host/find.ts';
import type { Build } from '../../kernel/build.ts';
import { privateFolder } from '../../machine/sockets.ts';

/** @returns null where this host has no tool for it: then each kernel counts as one of its own */
export async function imageOf(
  build: Pick<Build, 'vmlinux' | 'module'>,
  arch: Arch,
  signal: AbortSignal,
): Promise<string | null> {
  const objcopy = `${crossCompileFor(arch)}objcopy`;
  if ((await findProgram(objcopy)) === null) return null;
  await using folder = await privateFolder();
  const [kernel, module] = [join(folder.path, 'kernel'), join(folder.path, 'module')];
  await run([objcopy, '-O', 'binary', '--remove-section=.notes', build.vmlinux, kernel], { signal });
  await run([objcopy, '--strip-debug', '--remove-section=.note*', build.module, module], { signal });
  const hash = createHash('sha256');
  for (const file of [kernel, module]) await pipeline(createReadStream(file), hash, { end: false });
  return hash.digest('hex').slice(0, 32);
}
