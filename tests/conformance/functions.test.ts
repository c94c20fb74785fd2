/** Every function and aggregate of the language service's tables is here, or refused by name. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { compile } from '@strongroom/kql';

/** What may be refused; lowered with each function that is built, never raised. */
const refusedMost = 44;

function documentedNames(): { functions: string[]; aggregates: string[] } {
  const directory = dirname(
    createRequire(import.meta.url).resolve('@kusto/language-service-next/package.json'),
  );
  // The service is one script of global names; it gets globals of its own.
  const context = createContext({});
  for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js'])
    runInContext(readFileSync(join(directory, file), 'utf8'), context);
  const listed = runInContext(
    `(() => {
      const names = (list) => {
        const found = [];
        const each = Bridge.getEnumerator(list);
        while (each.moveNext()) found.push(each.Current.Name);
        return found;
      };
      return JSON.stringify({
        functions: names(Kusto.Language.Functions.All),
        aggregates: names(Kusto.Language.Aggregates.All),
      });
    })()`,
    context,
  ) as string;
  return JSON.parse(listed) as { functions: string[]; aggregates: string[] };
}

function codeOf(query: string): string {
  const result = compile(query, {
    tables: [],
    workspaceId: '6d0a4e2c-0000-4000-8000-000000000001',
    now: 639_130_392_000_000_000n,
    rowsMax: 10,
  });
  return result.ok ? '' : (result.diagnostics[0]?.code ?? '');
}

void test('every documented function is supported, or refused by name', () => {
  const { functions, aggregates } = documentedNames();
  assert.ok(functions.length > 400 && aggregates.length > 50);
  // Functions that give tables, and those of several columns, stand elsewhere than values do.
  const queries = (name: string): string[] => [
    `print x = ${name}()`,
    `${name}()`,
    `print ${name}()`,
    `${name}('workspace').Heartbeat`,
  ];
  const unknown: string[] = [];
  const refused: string[] = [];
  const judge = (name: string, codes: readonly string[]): void => {
    if (codes.every((code) => code === 'SEM0260')) unknown.push(name);
    else if (codes.some((code) => code === 'KQL_NOT_SUPPORTED')) refused.push(name);
  };
  for (const name of functions) judge(name, queries(name).map(codeOf));
  for (const name of aggregates)
    judge(name, [codeOf(`datatable(a: long) [1] | summarize ${name}()`)]);
  assert.deepEqual(unknown, []);
  assert.ok(
    refused.length <= refusedMost,
    `${refused.length} are refused, more than ${refusedMost}: ${refused.join(' ')}`,
  );
});
