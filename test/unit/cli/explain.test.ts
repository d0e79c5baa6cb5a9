import { expect, test } from 'vitest';
import { explainClause } from '../../../harness/cli/commands/explain.ts';
import { findClauses } from '../../../harness/contract/catalogue.ts';

const explained = (id: string): string => explainClause(findClauses([id])[0]!, { style: (_, text) => text });

test('the command that checks a clause names the profile that has what it is about', () => {
  expect(explained('U06')).toMatch(/check it +mmapvet run --profile users --clause U06\n/);
  expect(explained('E02')).toMatch(/check it +mmapvet run --clause E02\n/);
});
