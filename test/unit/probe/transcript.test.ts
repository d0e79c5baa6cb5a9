import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKtapParser } from '../../../harness/probe/ktap.ts';
import { createTranscriptReader, type Transcript } from '../../../harness/probe/transcript.ts';

function read(text: string): Transcript {
  const reader = createTranscriptReader();
  const parser = createKtapParser((item) => reader.add(item));
  parser.push(text);
  parser.end();
  return reader.transcript();
}

const lines = (...all: string[]) => `${['KTAP version 1', ...all].join('\n')}\n`;

// The example of docs/probe-output.md.
const EXAMPLE = lines(
  '# mmapvet-probes abi=1 driver-abi=1 kernel=7.3.4-mmapvet machine=x86_64 page=4096 features=prepare,mapped',
  '1..2',
  '# begin A01.direct',
  '# log seq=1 type=prepare tid=71 start=0x7f0000001000 end=0x7f0000003000',
  '# log seq=2 type=mapped tid=71 start=0x7f0000001000 end=0x7f0000003000 in=0x1000 out=0x1001',
  '# count prepare=1 mapped=1 open=0 close=1 fault=1 may-split=0',
  '# driver ok: prepare x1, mapped x1',
  '# user ok: the first touch reads private data 0x1001',
  '# vma 0x7f0000001000-0x7f0000003000 rw-s pgoff=0',
  '# taint before=0x1000 after=0x1000',
  '# duration 12 ms',
  'ok 1 A01.direct A mapping that becomes a VMA of its own gets mapped',
  '# begin L03.direct',
  '# driver bad: refused twice',
  'not ok 2 L03.direct A file with both hooks is refused # ERROR driver and user disagree: one',
);

describe('createTranscriptReader', () => {
  it('reads the example of the documentation', () => {
    const transcript = read(EXAMPLE);
    expect(transcript.header).toEqual({
      abi: 1,
      driverAbi: 1,
      kernel: '7.3.4-mmapvet',
      machine: 'x86_64',
      pageSize: 4096,
      features: ['prepare', 'mapped'],
    });
    expect(transcript.problems).toEqual([]);
    expect(transcript.planned).toBe(2);
    expect(transcript.reports[0]).toEqual({
      cell: 'A01.direct',
      clause: 'A01',
      path: 'direct',
      driver: [{ ok: true, text: 'prepare x1, mapped x1' }],
      user: [{ ok: true, text: 'the first touch reads private data 0x1001' }],
      log: [
        'seq=1 type=prepare tid=71 start=0x7f0000001000 end=0x7f0000003000',
        'seq=2 type=mapped tid=71 start=0x7f0000001000 end=0x7f0000003000 in=0x1000 out=0x1001',
      ],
      counts: { prepare: 1, mapped: 1, open: 0, close: 1, fault: 1, 'may-split': 0 },
      vmas: ['0x7f0000001000-0x7f0000003000 rw-s pgoff=0'],
      kmsg: [],
      splats: [],
      changed: null,
      observed: { driver: [], user: [] },
      taint: { before: 0x1000, after: 0x1000 },
      durationMs: 12,
      said: [
        'log seq=1 type=prepare tid=71 start=0x7f0000001000 end=0x7f0000003000',
        'log seq=2 type=mapped tid=71 start=0x7f0000001000 end=0x7f0000003000 in=0x1000 out=0x1001',
        'count prepare=1 mapped=1 open=0 close=1 fault=1 may-split=0',
        'driver ok: prepare x1, mapped x1',
        'user ok: the first touch reads private data 0x1001',
        'vma 0x7f0000001000-0x7f0000003000 rw-s pgoff=0',
        'taint before=0x1000 after=0x1000',
        'duration 12 ms',
        'ok A01.direct A mapping that becomes a VMA of its own gets mapped',
      ],
      lost: 0,
      outcome: 'pass',
      reason: '',
    });
    expect(transcript.reports[1]).toMatchObject({ outcome: 'error', reason: 'driver and user disagree: one' });
  });

  it.each([
    [[], 'ok 1 E02.W1 x', 'pass', ''],
    [['# changed recorded: EPERM; seen: EIO'], 'ok 1 E02.W1 x', 'changed', 'recorded: EPERM; seen: EIO'],
    [['# driver bad: one', '# user bad: two'], 'not ok 1 E02.W1 x', 'fail', 'one; two'],
    [['# splat bad: WARNING in do_mmap'], 'not ok 1 E02.W1 x', 'fault', 'WARNING in do_mmap'],
    [['# splat ok: WARNING in do_mmap', '# user bad: u'], 'not ok 1 E02.W1 x', 'fail', 'u'],
    [[], 'not ok 1 E02.W1 x # ERROR vacuous: no mapped', 'vacuous', 'no mapped'],
    [[], 'not ok 1 E02.W1 x # ERROR fork failed', 'error', 'fork failed'],
    [[], 'not ok 1 E02.W1 x # TIMEOUT after 5 s', 'error', 'time limit: after 5 s'],
    [[], 'ok 1 E02.W1 x # SKIP no mapped', 'not-applicable', 'no mapped'],
    [[], 'ok 1 E02.W1 x # XFAIL', 'error', 'the probe printed the directive XFAIL, which it never should'],
    [[], 'not ok 1 E02.W1 x # whatever', 'fail', ''],
  ])('reads %j then "%s" as %s', (diagnostics, result, outcome, reason) => {
    const { reports } = read(lines('1..1', '# begin E02.W1', ...diagnostics, result));
    expect(reports).toMatchObject([{ clause: 'E02', path: 'W1', outcome, reason }]);
  });

  it('keeps the facts of a cell that has no result', () => {
    const transcript = read(
      lines('1..2', '# begin A01.direct', 'ok 1 A01.direct x', '# begin A02.direct', '# log seq=1'),
    );
    expect(transcript.reports).toHaveLength(1);
    expect(transcript.unfinished).toMatchObject([{ cell: 'A02.direct', log: ['seq=1'] }]);
    expect(transcript.problems).toEqual(['1 of 2 planned results']);
  });

  it('gives no cell the facts of another one', () => {
    const transcript = read(lines('1..1', '# begin A01.direct', '# driver ok: mine', 'ok 1 A02.direct x'));
    expect(transcript.reports).toMatchObject([{ cell: 'A02.direct', driver: [] }]);
    expect(transcript.unfinished).toMatchObject([{ cell: 'A01.direct', driver: [{ text: 'mine' }] }]);
    expect(transcript.problems).toEqual(['a result for A02.direct while A01.direct was open']);
  });

  it('lets the first of two results stand and notes the second', () => {
    const transcript = read(lines('1..2', 'not ok 1 A01.direct x', 'ok 2 A01.direct x'));
    expect(transcript.reports).toMatchObject([{ outcome: 'fail' }]);
    expect(transcript.problems).toEqual(['a second result for A01.direct']);
  });

  it('notes results and begins that name no cell', () => {
    expect(read(lines('1..1', '# begin ../etc', 'ok 1 Z9.direct x')).problems).toEqual([
      '"# begin" with no cell: ../etc',
      'a result for no cell: Z9.direct x',
    ]);
  });

  it('keeps a bail-out', () => {
    expect(read(lines('1..1', 'Bail out! /dev/mmapvet is missing')).bailOut).toBe('/dev/mmapvet is missing');
  });

  it('makes control characters harmless and bounds lists and texts', () => {
    const flood = Array.from({ length: 5000 }, (_, n) => `# log seq=${n}`);
    const [report] = read(
      lines(
        '1..1',
        '# begin A01.direct',
        '# driver ok: \u001b[31mred\u0007 \u202eevil',
        ...flood,
        `# user ok: ${'y'.repeat(9000)}`,
        'ok 1 A01.direct x',
      ),
    ).reports;
    expect(report?.driver).toEqual([{ ok: true, text: 'red\ufffd \ufffdevil' }]);
    expect(report?.log.length).toBe(1024);
    expect(report?.lost).toBe(5000 - 1024);
    expect(report?.user[0]?.text.length).toBe(500);
  });

  it('is told of headers, begins and reports as they come', () => {
    const seen: string[] = [];
    const reader = createTranscriptReader({
      onHeader: (header) => seen.push(`header ${header.machine}`),
      onBegin: (cell) => seen.push(`begin ${cell}`),
      onReport: (report) => seen.push(`report ${report.cell} ${report.outcome}`),
    });
    const parser = createKtapParser((item) => reader.add(item));
    parser.push(EXAMPLE);
    expect(seen).toEqual([
      'header x86_64',
      'begin A01.direct',
      'report A01.direct pass',
      'begin L03.direct',
      'report L03.direct error',
    ]);
  });

  it('never throws and never names a cell that no result line named', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '# begin A01.direct',
        'ok 1 A01.direct',
        'not ok 2 A02.W1 # ERROR',
        '1..2',
        '# count a=1 =',
        '# taint before=zz after=1',
      ),
      fc.string({ unit: 'binary' }).map((text) => `# ${text}`),
    );
    fc.assert(
      fc.property(fc.array(word), (all) => {
        const cells = read(lines(...all)).reports.map((report) => report.cell);
        expect(['A01.direct', 'A02.W1']).toEqual(expect.arrayContaining(cells));
      }),
    );
  });
});
