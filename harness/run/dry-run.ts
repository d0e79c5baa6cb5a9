/** `--dry-run`: every command that would run, with the paths that it would run on. Nothing is written. */
import { join } from 'node:path';
import { cacheFolder } from '../core/paths.ts';
import { quoteCommand } from '../core/exec.ts';
import type { Screen } from '../core/screen.ts';
import { B4_PREFIX, b4Command } from '../kernel/b4.ts';
import { listCommands, planBuildCommands } from '../kernel/commands.ts';
import { configFiles, readWantedConfig } from '../kernel/config.ts';
import { makeWords } from '../kernel/toolchain.ts';
import { qemuCommand } from '../machine/argv.ts';
import { machineFor } from '../machine/machine.ts';
import { EXIT } from '../core/outcome.ts';
import type { BuildPlan } from './plan.ts';
import { LOAD_DRIVER, PROBES } from './session-command.ts';

export async function dryRun(plan: BuildPlan, screen: Screen): Promise<number> {
  const work = join(cacheFolder(), 'work', 'KEY');
  const say = (title: string, command: string): void => screen.out(`# ${title}\n${command}\n\n`);
  say('kernel source, copied to', `${join(work, 'source')}  # from ${plan.kernel ?? 'the default'}`);
  if (plan.range !== undefined) say('its commits', plan.range);
  for (const patch of plan.patches) {
    const fetched = patch.startsWith(B4_PREFIX);
    if (fetched) say('fetch', quoteCommand(b4Command(patch)));
    const fuzz = `--fuzz=${plan.fuzz}`;
    say('apply on top', quoteCommand(['patch', '-p1', fuzz, ...(fetched ? [] : ['-i', patch])]));
  }
  for (const target of plan.targets) {
    const wanted = await readWantedConfig(target, plan.profile, plan.kconfigAdd, plan.kconfig);
    const objects = join(work, 'objects', `${target.name}-${plan.profile.name}`);
    const commands = planBuildCommands({
      arch: target.arch,
      paths: { source: join(work, 'source'), objects, guestOut: join(objects, 'mmapvet-guest') },
      make: makeWords({ arch: target.arch, makeOptions: plan.makeOptions, crossCompile: plan.crossCompile }, true),
      jobs: plan.jobs,
      ...configFiles(wanted, objects),
    });
    for (const { title, command } of listCommands(commands)) say(`${target.name}: ${title}`, quoteCommand(command));
    const qemu = qemuCommand(
      machineFor(target.name, plan.profile),
      {
        kernel: join(cacheFolder(), 'kernels/KEY', target.arch.kernelImage.split('/').at(-1) ?? ''),
        initrd: join(cacheFolder(), 'images/KEY/initrd.cpio'),
        sockets: '/tmp/mmapvet-XXXXXX',
        ram: null,
      },
      {
        accel: plan.accel === 'kvm' ? 'kvm' : 'tcg',
        sshPort: 0,
        kernelArgs: plan.kernelArgs,
        qemuArgs: plan.qemuArgs,
        gdb: false,
      },
    );
    say(`${target.name}: boot`, quoteCommand(qemu));
    say(`${target.name}: over SSH`, `${LOAD_DRIVER}; ${PROBES} CELL …; rmmod mmapvet`);
  }
  return EXIT.good;
}
