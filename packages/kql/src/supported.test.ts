/** docs/kql-supported.md lists what the tables hold; `UPDATE_GOLDEN=1` writes it anew. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { aggregateNamed, aggregateNames } from './aggregates/index.js';
import { functionNamed, functionNames } from './functions/index.js';
import { operatorNamed, operatorLookup } from './operators/index.js';
import { pluginNames } from './operators/plugins/index.js';
import { unsupportedOperators } from './operators/schema.js';

const file = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  '..',
  '..',
  'docs',
  'kql-supported.md',
);

const listed = (names: Iterable<string>): string =>
  [...new Set(names)]
    .sort()
    .map((each) => `\`${each}\``)
    .join(', ');

function signatures(
  names: Iterable<string>,
  rowOf: (
    name: string,
  ) => { readonly takes: string | readonly string[]; readonly gives: unknown } | undefined,
): string {
  return [...new Set(names)]
    .filter((name) => /^[a-z_]/i.test(name))
    .sort()
    .map((name) => {
      const row = rowOf(name);
      const takes = typeof row?.takes === 'string' ? [row.takes] : (row?.takes ?? []);
      const gives = typeof row?.gives === 'string' ? row.gives : 'as its arguments';
      return `| \`${name}\` | ${takes.map((each) => `\`(${each})\``).join(' ')} | ${gives} |`;
    })
    .join('\n');
}

function page(): string {
  const unsupported = new Set(unsupportedOperators.flatMap((each) => each.names));
  const operators = [...operatorLookup.names()].filter(
    (name) => operatorNamed(name) !== undefined && !unsupported.has(name),
  );
  return `# KQL: what is supported

Made from the tables in \`packages/kql/src\` (\`supported.test.ts\`); how it behaves is in [kql.md](kql.md). Parameter types: \`scalar\` is
any, \`text\` any made a string, \`number\` int, long, real or decimal, \`summable\` a number or a timespan, \`orderable\` all but dynamic,
\`common\` all made one type; \`?\` is optional, \`...\` any number more.

## Operators

${listed(operators)}

Refused as not supported: ${listed(unsupported)}

## Plugins of \`evaluate\`

${listed(pluginNames())}

## Aggregates

| name | takes | gives |
| --- | --- | --- |
${signatures(aggregateNames(), aggregateNamed)}

## Scalar functions

| name | takes | gives |
| --- | --- | --- |
${signatures(functionNames(), functionNamed)}
`;
}

void test('docs/kql-supported.md lists what the tables hold', () => {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, page());
  assert.equal(readFileSync(file, 'utf8'), page(), 'UPDATE_GOLDEN=1 writes the page anew');
});
