/**
 * From the KTAP items of mmapvet-probes (docs/probe-output.md) to one report a cell. What the probe says is kept as it
 * said it; results/verdict.ts judges it.
 */
import type { Directive, KtapItem } from './ktap.ts';
import { collectFacts, parseCellName, type FactCollector, type ProbeFacts, type ProbeReport } from './report.ts';
import { harmless, pushBounded, type Bounded } from './untrusted.ts';

/** The first diagnostic: `mmapvet-probes abi=1 …`. */
export interface ProbeHeader {
  readonly abi: number | null;
  readonly driverAbi: number | null;
  readonly kernel: string;
  readonly machine: string;
  readonly pageSize: number | null;
  readonly features: readonly string[];
}

export interface Transcript {
  readonly header: ProbeHeader | null;
  readonly reports: readonly ProbeReport[];
  /** Cells that began and have no result: the probe died, or its output was cut. */
  readonly unfinished: readonly ProbeFacts[];
  /** What is wrong with the transcript as a whole, as sentences without a full stop. */
  readonly problems: readonly string[];
  readonly planned: number | null;
  readonly bailOut: string | null;
}

export interface TranscriptHooks {
  readonly onHeader?: (header: ProbeHeader) => void;
  readonly onBegin?: (cell: string) => void;
  readonly onReport?: (report: ProbeReport) => void;
  /** The probes gave up within a cell: it can't be ended. */
  readonly onStuck?: (text: string) => void;
}

export interface TranscriptReader {
  add(item: KtapItem): void;
  /** What was read so far; call it again after more items for more. */
  transcript(): Transcript;
}

const LIMITS = { cells: 4096, problems: 100, text: 500 } as const;

export function createTranscriptReader(hooks: TranscriptHooks = {}): TranscriptReader {
  const reports: Bounded<ProbeReport> = { items: [], lost: 0 };
  const unfinished: Bounded<ProbeFacts> = { items: [], lost: 0 };
  const problems: Bounded<string> = { items: [], lost: 0 };
  const reported = new Set<string>();
  let header: ProbeHeader | null = null;
  let planned: number | null = null;
  let bailOut: string | null = null;
  let open: FactCollector | null = null;

  const problem = (text: string) => pushBounded(problems, LIMITS.problems, harmless(text, LIMITS.text));

  function abandon(): void {
    if (open !== null) pushBounded(unfinished, LIMITS.cells, open.facts());
    open = null;
  }

  function begin(text: string): void {
    abandon();
    const name = parseCellName(text);
    if (name === null) return problem(`"# begin" with no cell: ${text}`);
    open = collectFacts(name);
    hooks.onBegin?.(name.cell);
  }

  function diagnostic(text: string): void {
    if (text.startsWith('begin ')) begin(text.slice('begin '.length).trim());
    else if (header === null && text.startsWith('mmapvet-probes ')) {
      header = parseHeader(text);
      hooks.onHeader?.(header);
    } else open?.add(text);
  }

  function result(item: KtapItem & { kind: 'result' }): void {
    const name = parseCellName(item.description.split(' ', 1)[0] ?? '');
    if (name === null) return problem(`a result for no cell: ${item.description}`);
    if (open !== null && open.name.cell !== name.cell) {
      problem(`a result for ${name.cell} while ${open.name.cell} was open`);
      abandon();
    }
    const facts = (open ?? collectFacts(name)).facts();
    open = null;
    if (reported.has(name.cell)) return problem(`a second result for ${name.cell}`);
    if (reported.size >= LIMITS.cells) return problem('more results than any plan has');
    reported.add(name.cell);
    const end = [item.ok ? 'ok' : 'not ok', item.description, directiveText(item.directive)].join(' ').trim();
    const said = [...facts.said, harmless(end, LIMITS.text)];
    const report = { ...facts, said, ...judge(item.ok, item.directive, facts) };
    reports.items.push(report);
    hooks.onReport?.(report);
  }

  return {
    add(item) {
      switch (item.kind) {
        case 'diagnostic':
          return diagnostic(item.text);
        case 'result':
          return result(item);
        case 'plan':
          planned ??= item.count;
          return;
        case 'bail-out':
          bailOut ??= harmless(item.text, LIMITS.text);
          if (open !== null) hooks.onStuck?.(bailOut);
          return;
        case 'problem':
          return problem(item.text);
        case 'version':
        case 'unknown':
          return;
      }
    },
    transcript: () => ({
      header,
      reports: [...reports.items],
      unfinished: open === null ? [...unfinished.items] : [...unfinished.items, open.facts()],
      problems: [...problems.items],
      planned,
      bailOut,
    }),
  };
}

const directiveText = (directive: Directive | null): string =>
  directive === null ? '' : `# ${directive.kind} ${directive.text}`;

/** The outcome that a result line and the diagnostics before it stand for: the table in docs/probe-output.md. */
function judge(ok: boolean, directive: Directive | null, facts: ProbeFacts): Pick<ProbeReport, 'outcome' | 'reason'> {
  const text = harmless(directive?.text ?? '', LIMITS.text);
  switch (directive?.kind) {
    case 'SKIP':
      return { outcome: 'not-applicable', reason: text };
    case 'TIMEOUT':
      return { outcome: 'error', reason: `time limit: ${text}` };
    case 'ERROR': {
      const vacuous = /^vacuous:?\s*(.*)$/.exec(text);
      return vacuous === null ? { outcome: 'error', reason: text } : { outcome: 'vacuous', reason: vacuous[1] ?? '' };
    }
    case 'TODO':
    case 'XFAIL':
      return { outcome: 'error', reason: `the probe printed the directive ${directive.kind}, which it never should` };
    case 'other':
    case undefined:
      return ok ? judgeOk(facts) : judgeNotOk(facts);
  }
}

function judgeOk(facts: ProbeFacts): Pick<ProbeReport, 'outcome' | 'reason'> {
  return facts.changed === null ? { outcome: 'pass', reason: '' } : { outcome: 'changed', reason: facts.changed };
}

function judgeNotOk(facts: ProbeFacts): Pick<ProbeReport, 'outcome' | 'reason'> {
  const splat = facts.splats.find((each) => !each.ok);
  if (splat !== undefined) return { outcome: 'fault', reason: splat.text };
  const bad = [...facts.driver, ...facts.user].filter((fact) => !fact.ok).map((fact) => fact.text);
  return { outcome: 'fail', reason: bad.join('; ').slice(0, LIMITS.text) };
}

function parseHeader(text: string): ProbeHeader {
  const fields = new Map<string, string>();
  for (const word of harmless(text, LIMITS.text).split(' ').slice(1)) {
    const equals = word.indexOf('=');
    if (equals > 0) fields.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const number = (key: string): number | null => {
    const value = fields.get(key) ?? '';
    return /^\d{1,9}$/.test(value) ? Number(value) : null;
  };
  return {
    abi: number('abi'),
    driverAbi: number('driver-abi'),
    kernel: fields.get('kernel') ?? '',
    machine: fields.get('machine') ?? '',
    pageSize: number('page'),
    features: (fields.get('features') ?? '').split(',').filter((name) => name !== ''),
  };
}
