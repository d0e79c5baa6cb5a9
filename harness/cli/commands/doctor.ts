/** `mmapvet doctor`: what this host has, what it lacks, and the command that mends it; `--yes` runs that command. */
import { EXIT } from '../../core/outcome.ts';
import { describeFindings, findingsAsJson, isFit } from '../../host/describe.ts';
import { checkHost } from '../../host/doctor.ts';
import { findInstaller, provision } from '../../host/provision.ts';
import { chooseTargets } from '../../run/plan.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

const list = (value: Values[string]): readonly string[] => (Array.isArray(value) ? value : []);

/** Exit code 0 where a run could start, else 2. */
export async function doctorCommand(
  _args: readonly string[],
  values: Values,
  { screen, signal }: CommandContext,
): Promise<number> {
  const targets = chooseTargets([...list(values['target']), ...list(values['arch'])]);
  let findings = await checkHost(targets, { signal });
  if (values['yes'] === true) {
    await provision(findings, { screen, yes: true, signal });
    findings = await checkHost(targets, { signal });
  }
  const installer = await findInstaller();
  screen.out(
    values['json'] === true
      ? `${JSON.stringify(findingsAsJson(findings, installer), null, 2)}\n`
      : describeFindings(findings, installer, screen),
  );
  return isFit(findings) ? EXIT.good : EXIT.undecided;
}
