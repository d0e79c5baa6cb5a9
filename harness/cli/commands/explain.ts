/** `mmapvet explain E02`: a clause in plain words. */
import { CATALOGUE, findClauses } from '../../contract/catalogue.ts';
import type { Clause, ClauseClass, Observers, RedControl } from '../../contract/clause.ts';
import { PROFILES } from '../../core/arch.ts';
import { usageError } from '../../core/errors.ts';
import { EXIT } from '../../core/outcome.ts';
import type { Screen } from '../../core/screen.ts';
import { suggestHint } from '../../core/suggest.ts';
import type { CommandContext } from '../main.ts';
import type { Values } from '../parse.ts';

const CLASSES: Readonly<Record<ClauseClass, string>> = {
  P: "promised: the kernel's documentation or headers say so",
  I: 'implied: the implementation does it and callers rely on it',
  X: 'recorded: what the kernel does today; a change is reported, not failed',
};

const OBSERVERS: Readonly<Record<Observers, string>> = {
  two: "the driver's log and what user space saw must agree",
  'as-stated': 'whoever states facts counts; where both do they must agree',
  'driver-only': 'only a hook can see it; user space shows a consequence of the same call',
};

function redControl(control: RedControl): string {
  switch (control.kind) {
    case 'mutant':
      return `the kernel of test/mutants/${control.name}.patch`;
    case 'lie':
      return `the driver with lie=${control.name}`;
    case 'tried':
      return `what docs/evidence/${control.name}.md tells`;
  }
}

const dependsOn = ({ event }: Clause): string =>
  event === 'none'
    ? 'no event of the driver; the probe says where it saw nothing'
    : `the event ${event}; without it the verdict is vacuous`;

/** A group of one fragment wants a profile that has it. */
function checkIt(clause: Clause): string {
  const only = CATALOGUE.find(({ clauses }) => clauses.includes(clause))?.only;
  const profile = only === undefined ? undefined : PROFILES.find(({ fragments }) => fragments.includes(only));
  return `mmapvet run ${profile === undefined ? '' : `--profile ${profile.name} `}--clause ${clause.id}`;
}

export function explainClause(clause: Clause, screen: Pick<Screen, 'style'>): string {
  const rows: (readonly [string, string])[] = [
    ['class', `${clause.class}, ${CLASSES[clause.class]}`],
    ['source', clause.source],
    ['observers', `${clause.observers}: ${OBSERVERS[clause.observers]}`],
    ['depends on', dependsOn(clause)],
    ['paths', clause.paths.join(', ')],
    ...(clause.notElsewhere === undefined ? [] : [['not elsewhere', clause.notElsewhere] as const]),
    ['needs', clause.needs.join(', ') || 'nothing'],
    ...(clause.splat === undefined
      ? []
      : [['must warn', `${clause.splat.title.source}: ${clause.splat.why}`] as const]),
    ['turned red by', clause.redControls.map(redControl).join('; ')],
    ['check it', checkIt(clause)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `${screen.style('bold', clause.id)}  ${clause.title}`,
    '',
    ...clause.explain.split('\n').map((line) => `  ${line}`),
    '',
    ...rows.map(([name, text]) => `  ${screen.style('dim', name.padEnd(width))}  ${text}`),
    '',
  ].join('\n');
}

export async function explainCommand(args: readonly string[], _: Values, { screen }: CommandContext): Promise<number> {
  const texts = args.flatMap((pattern) => {
    const clauses = findClauses([pattern]);
    if (clauses.length === 0)
      throw usageError(
        'CLAUSE_UNKNOWN',
        `There is no clause "${pattern}".`,
        suggestHint(
          pattern,
          CATALOGUE.flatMap((group) => group.clauses.map((clause) => clause.id)),
          'clauses',
        ),
      );
    return clauses.map((clause) => explainClause(clause, screen));
  });
  screen.out(texts.join('\n'));
  return Promise.resolve(EXIT.good);
}
