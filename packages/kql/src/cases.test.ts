/**
 * `cases/*.txt`: what the language reference says of the hard points, one case after another:
 *
 *     # what it shows
 *     print 1 + 1
 *     => print_0:long
 *     [2]
 *
 * Rows are those of the query API, in the order given. To add a case, write one.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Session } from 'chdb';
import { compileAsking, type Inquiry } from './index.js';
import { testOptions } from './test-options.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'cases');
const directory = mkdtempSync(join(tmpdir(), 'kql-cases-'));
const session = new Session(directory);
after(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true });
});

async function ask({ statement }: Pick<Inquiry, 'statement'>): Promise<string> {
  const format = 'JSONCompactEachRow';
  return (await session.queryBindAsync(statement.text, statement.parameters, { format })).text();
}

async function answer(query: string): Promise<string> {
  const result = await compileAsking(query, testOptions, ask);
  if (!result.ok)
    return result.diagnostics.map((each) => `${each.code} ${each.message}`).join('\n');
  const [first] = result.results;
  assert.ok(first !== undefined);
  const rows = await ask(first);
  const columns = first.columns.map((column) => `${column.name}:${column.type}`).join(', ');
  return `${columns}\n${rows}`.trimEnd();
}

for (const file of readdirSync(folder).filter((each) => each.endsWith('.txt'))) {
  void test(`cases of ${file.slice(0, -'.txt'.length)}`, async () => {
    const problems: string[] = [];
    for (const each of readFileSync(join(folder, file), 'utf8').split(/^# /m).slice(1)) {
      const [head = '', expected = ''] = each.split(/^=> /m);
      const [name = '', ...query] = head.split('\n');
      const got = await answer(query.join('\n'));
      if (got !== expected.trimEnd())
        problems.push(`${name}\n${query.join('\n')}expected ${expected.trimEnd()}\ngot ${got}`);
    }
    assert.equal(problems.join('\n\n'), '');
  });
}
