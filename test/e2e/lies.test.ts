import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../harness/contract/catalogue.ts';
import { LIES } from '../../harness/contract/lies.ts';
import { findRecorded, readRecorded } from '../../harness/contract/recorded.ts';
import type { Outcome } from '../../harness/core/outcome.ts';
import { createKtapParser } from '../../harness/probe/ktap.ts';
import type { ProbeReport } from '../../harness/probe/report.ts';
import { findSplats } from '../../harness/probe/splat.ts';
import { createTranscriptReader } from '../../harness/probe/transcript.ts';
import { decide } from '../../harness/results/verdict.ts';
import { mmapvet } from './mmapvet.ts';

const CLAUSES = CATALOGUE.flatMap((group) => group.clauses);
const toldLies = LIES.slice(1);

const namedBy = (lie: string): string[] =>
  CLAUSES.filter((clause) => clause.redControls.some((each) => each.kind === 'lie' && each.name === lie)).map(
    (clause) => clause.id,
  );

const RED: readonly Outcome[] = ['fail', 'error', 'vacuous', 'fault', 'changed'];
const RECORDED = readRecorded();

/** As a run would judge it: what is recorded of X clauses is the harness's to know. */
function judge(report: ProbeReport, kernelVersion: string): Outcome {
  const clause = CLAUSES.find((each) => each.id === report.clause);
  if (clause === undefined) return 'error';
  return decide({
    id: { clause: clause.id, path: report.path, target: 'x86_64', profile: 'base' },
    clause,
    probe: { kind: 'reported', report },
    splats: findSplats(report.kmsg),
    taint: null,
    features: null,
    kernelVersion,
    recorded: findRecorded(RECORDED, report.cell, 'x86_64', kernelVersion),
    allow: [],
    evidence: null,
  }).outcome;
}

/** One guest for all lies: the parameter can be written while the driver is loaded. */
async function redByLie(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const script = toldLies
    .map(
      (lie, index) =>
        `echo LIE ${lie}; echo ${index + 1} > /sys/module/mmapvet/parameters/lie; /mmapvet/mmapvet-probes ${namedBy(lie).join(' ')}`,
    )
    .join('; ');
  const { stdout } = await mmapvet('shell', '--target', 'x86_64', '--', `${script}; true`);
  const parts = stdout.split(/^LIE (.*)$/m).slice(1);
  const red = new Map<string, Set<string>>();
  for (let i = 0; i < parts.length; i += 2) {
    const reader = createTranscriptReader();
    const parser = createKtapParser((item) => reader.add(item));
    // The last line's newline is gone: execa strips it, and a line without one decides nothing.
    parser.push(`${parts[i + 1] ?? ''}\n`);
    parser.end();
    const { reports, header } = reader.transcript();
    const bad = reports.filter((report) => RED.includes(judge(report, header?.kernel ?? '')));
    expect(reports.length, `reports under the lie ${parts[i]}`).toBeGreaterThan(0);
    red.set(parts[i]?.trim() ?? '', new Set(bad.map((report) => report.clause)));
  }
  return red;
}

describe("a driver that falsifies its log doesn't get away with it", async () => {
  const red = await redByLie();
  test.each(toldLies)('%s turns the clauses red that name it', (lie) => {
    const turned = red.get(lie) ?? new Set();
    expect(namedBy(lie).filter((id) => !turned.has(id))).toEqual([]);
    expect(turned.size).toBeGreaterThan(0);
  });
});
