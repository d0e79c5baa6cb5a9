import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MODULES } from '../../../../harness/report/html/script.ts';

const FOLDER = join(import.meta.dirname, '../../../../harness/report/html');
const source = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const importsOf = (name: string): string[] =>
  [...source(name).matchAll(/^import (?!type )[^;]*from '([^']+)';$/gm)].map((found) =>
    relative(FOLDER, join(FOLDER, dirname(name), found[1] ?? '')),
  );

describe("the page's script", () => {
  test.each(MODULES.map((name, index) => [name, MODULES.slice(0, index)] as const))(
    '%s comes after what it imports',
    (name, before) => {
      expect(importsOf(name).filter((each) => !before.includes(each))).toEqual([]);
    },
  );

  test('names one thing by one name', () => {
    const names = MODULES.flatMap((name) =>
      [...source(name).matchAll(/^(?:export )?(?:async )?(?:const|let|function|class) (\w+)/gm)].map(
        (found) => found[1],
      ),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.length).toBeGreaterThan(50);
  });
});
