/** The run as a KCIDB document, checked against the format before it leaves. */
import { MmapvetError } from '../core/errors.ts';
import { kcidbDocument } from './kcidb/document.ts';
import { submitterFrom } from './kcidb/origin.ts';
import { Kcidb } from './kcidb/schema.ts';
import type { Reporter, ReportOptions, Sink } from './reporter.ts';
import { applyEvent, createRunState } from './run-state.ts';

export function createKcidbReporter(sink: Sink, options: ReportOptions): Reporter {
  // Wrong settings are said before the run.
  const submitter = submitterFrom(options.env ?? {});
  const state = createRunState();
  return {
    onEvent: (event) => applyEvent(state, event),
    finish: () => sink.write(`${JSON.stringify(checkKcidb(kcidbDocument(state, options, submitter)), null, 2)}\n`),
  };
}

/** @throws MmapvetError KCIDB_INVALID naming the place: our own mistake, or a stored run edited by hand */
export function checkKcidb(document: unknown): Kcidb {
  const parsed = Kcidb.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MmapvetError(
    'KCIDB_INVALID',
    `The KCIDB document is not valid at "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'unknown'}.`,
    { hint: 'Report this with the run folder, unless that was edited.' },
  );
}
