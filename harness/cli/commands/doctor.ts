/** `mmapvet doctor`: what this host has, what it lacks, and the command that mends it; `--yes` runs that command. */
import { EXIT } from '../../core/outcome.ts';
import { describeFindings, findingsAsJson, isFit } from '../../host/describe.ts';
import { checkHost, type Finding } from '../../host/doctor.ts';
import { findInstaller, provision } from '../../host/provision.ts';
import type { Config } from '../../run/config.ts';
import { loadConfig, ownConfigFile } from '../../run/config-file.ts';
import { chooseTargets } from '../../run/plan.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

const list = (value: Values[string]): readonly string[] => (Array.isArray(value) ? value : []);

/** Which `mmapvet.yaml` counts here. */
function configFact({ files }: Config): Finding {
  const text = files.length === 0 ? `none here, nor "${ownConfigFile()}"` : files.join(', then ');
  return { kind: 'note', name: 'mmapvet.yaml', text };
}

/** Exit code 0 where a run could start, else 2. */
export async function doctorCommand(
  _args: readonly string[],
  values: Values,
  { screen, signal }: CommandContext,
): Promise<number> {
  const targets = chooseTargets([...list(values['target']), ...list(values['arch'])]);
  const settings = configFact(await loadConfig(process.cwd()));
  let findings = [...(await checkHost(targets, { signal })), settings];
  if (values['yes'] === true) {
    await provision(findings, { screen, yes: true, signal });
    findings = [...(await checkHost(targets, { signal })), settings];
  }
  const installer = await findInstaller();
  screen.out(
    values['json'] === true
      ? `${JSON.stringify(findingsAsJson(findings, installer), null, 2)}\n`
      : describeFindings(findings, installer, screen),
  );
  return isFit(findings) ? EXIT.good : EXIT.undecided;
}
