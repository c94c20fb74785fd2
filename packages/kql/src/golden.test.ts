/**
 * Each `golden/x.kql` compiles to `x.sql` (or, with problems, to `x.err`), and its rows are those of
 * `x.rows` where its tables are written in it. `UPDATE_GOLDEN=1` rewrites the files for review.
 */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Session } from 'chdb';
import { compile, type CompileResult } from './index.js';
import { testOptions } from './test-options.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'golden');
const updating = process.env['UPDATE_GOLDEN'] === '1';
const directory = mkdtempSync(join(tmpdir(), 'kql-golden-'));
const session = new Session(directory);
after(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true });
});

function described(result: CompileResult): string {
  if (!result.ok) {
    return result.diagnostics
      .map(
        (each) =>
          `${each.line}:${each.column} ${each.code} ${each.message}${each.hint === undefined ? '' : ` (${each.hint})`}`,
      )
      .join('\n');
  }
  return result.results
    .map((each) => {
      const text = each.statement.text
        .replace(/ SETTINGS .*$/, '')
        .replace(
          / (FROM|WHERE|GROUP BY|ORDER BY|LIMIT|(?:LEFT |RIGHT |INNER |FULL |SEMI |ANTI )*JOIN|UNION ALL|ARRAY JOIN) /g,
          '\n$1 ',
        );
      const columns = each.columns.map((column) => `${column.name}:${column.type}`).join(', ');
      const values = Object.entries(each.statement.parameters).map(
        ([name, value]) => `-- ${name} = ${JSON.stringify(value)}`,
      );
      return [`-- ${columns}`, ...values, text].join('\n');
    })
    .join('\n\n');
}

function check(file: string, got: string): void {
  const path = join(folder, file);
  if (updating) writeFileSync(path, `${got}\n`);
  else
    assert.equal(got, existsSync(path) ? readFileSync(path, 'utf8').trimEnd() : `no file ${file}`);
}

for (const file of readdirSync(folder).filter((each) => each.endsWith('.kql'))) {
  const name = file.slice(0, -'.kql'.length);
  void test(`golden ${name}`, async () => {
    const result = compile(readFileSync(join(folder, file), 'utf8'), testOptions);
    check(`${name}${result.ok ? '.sql' : '.err'}`, described(result));
    if (!result.ok || result.results.some((each) => each.tables.length > 0)) return;
    const rows: string[] = [];
    for (const each of result.results) {
      const answer = await session.queryBindAsync(each.statement.text, each.statement.parameters, {
        format: 'JSONCompactEachRow',
      });
      rows.push(answer.text().trimEnd());
    }
    check(`${name}.rows`, rows.join('\n\n'));
  });
}
