/** What the tests of function families share: KQL expressions and the cells that they give. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Session } from 'chdb';
import { compileAsking, type CompileOptions, type Inquiry } from '../index.js';

/** As the query API gives it; dynamics are JSON text. */
export type Cell = string | number | boolean | null;

/** One test a family: every expression as a `print`, on one engine. */
export function testValues(family: string, cases: readonly (readonly [string, Cell])[]): void {
  testRows(
    family,
    cases.map(([expression, cell]) => [`print ${expression}`, [[cell]]]),
  );
}

/** Whole queries, each with its rows. */
export function testRows(
  family: string,
  cases: readonly (readonly [string, readonly (readonly Cell[])[]])[],
  more: Partial<CompileOptions> = {},
): void {
  const directory = mkdtempSync(join(tmpdir(), 'kql-values-'));
  const session = new Session(directory);
  after(() => {
    session.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const run = async ({ statement }: Pick<Inquiry, 'statement'>): Promise<string> => {
    const { text, parameters } = statement;
    const format = 'JSONCompactEachRow';
    return (await session.queryBindAsync(text, parameters, { format })).text();
  };
  const options = {
    tables: [],
    workspaceId: '00000000-0000-4000-8000-000000000000',
    now: 638_396_640_000_000_000n,
    rowsMax: 1000,
    ...more,
  };
  void test(family, async () => {
    const wrong: string[] = [];
    for (const [query, rows] of cases) {
      const compiled = await compileAsking(query, options, run);
      const statement = compiled.ok ? compiled.results.at(-1)?.statement : undefined;
      if (statement === undefined) {
        wrong.push(`${query}: ${compiled.ok ? 'no result' : compiled.diagnostics[0]?.message}`);
        continue;
      }
      const got = (await run({ statement }))
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line));
      const [expected, found] = [JSON.stringify(rows), JSON.stringify(got)];
      if (expected !== found) wrong.push(`${query}: ${found} instead of ${expected}`);
    }
    assert.deepEqual(wrong, []);
  });
}
