import { describe, expect, it } from 'vitest';
import { MmapvetError } from '../../../harness/core/errors.ts';
import { parseReporters } from '../../../harness/report/parse-spec.ts';

const parse = (text: string, env: NodeJS.ProcessEnv = {}) =>
  parseReporters(text, env).map(({ name, file }) => (file === null ? name : `${name}=${file}`));

describe('parseReporters', () => {
  it.each([
    ['list', {}, ['list']],
    ['list,ktap=a.ktap,junit=b.xml,json=c.json', {}, ['list', 'ktap=a.ktap', 'junit=b.xml', 'json=c.json']],
    [' list , json ', {}, ['list', 'json']],
    ['junit', { MMAPVET_JUNIT_OUTPUT_FILE: 'x.xml' }, ['junit=x.xml']],
    ['junit=y.xml', { MMAPVET_JUNIT_OUTPUT_FILE: 'x.xml' }, ['junit=y.xml']],
    ['list', { MMAPVET_LIST_OUTPUT_FILE: 'x.txt' }, ['list']],
    ['json=a=b', {}, ['json=a=b']],
  ])('%j with %j', (text, env, expected) => expect(parse(text, env)).toEqual(expected));

  it.each([
    ['junti', 'REPORTER_UNKNOWN', 'There is no reporter "junti". Did you mean "junit"?'],
    ['zzz', 'REPORTER_UNKNOWN', 'There is no reporter "zzz".'],
    ['', 'REPORTER_UNKNOWN', '--reporter "" names no reporter.'],
    ['ktap=', 'REPORTER_FILE', 'The reporter "ktap=" has no file name after the "=".'],
    ['list=x', 'REPORTER_FILE', 'The reporter "list" writes to the terminal, not to "x".'],
    ['ktap,json', 'REPORTER_STDOUT', 'The reporters "ktap" and "json" can\'t both write to standard output.'],
    ['ktap=a,json=a', 'REPORTER_TWICE', 'Two reporters would write "a".'],
    ['list,list', 'REPORTER_TWICE', 'Two reporters would write "list to the terminal".'],
  ])('refuses %j', (text, code, message) => {
    let error: unknown;
    try {
      parse(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(MmapvetError);
    expect(error).toMatchObject({ code, message, blame: 'usage' });
  });
});
