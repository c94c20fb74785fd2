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
import { compileAsking, type CompileResult, type Inquiry } from './index.js';
import { testOptions } from './test-options.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'golden');
const updating = process.env['UPDATE_GOLDEN'] === '1';
const directory = mkdtempSync(join(tmpdir(), 'kql-golden-'));
const session = new Session(directory);
after(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true });
});

async function run({ statement }: Pick<Inquiry, 'statement'>): Promise<string> {
  const format = 'JSONCompactEachRow';
  return (await session.queryBindAsync(statement.text, statement.parameters, { format })).text();
}

function described(result: CompileResult): string {
  if (!result.ok) {
    return result.diagnostics
      .map(
        (each) =>
          `${each.line}:${each.column} ${each.code} ${each.message}${each.hint === undefined ? '' : ` (${each.hint})`}`,
      )
      .join('\n');
  }
  const inquiries = result.inquiries.map(
    (each) =>
      `-- ${each.of}, at ${each.start} of the query, asks:\n${describedStatement(each.statement)}`,
  );
  const results = result.results.map((each) => {
    const columns = each.columns.map((column) => `${column.name}:${column.type}`).join(', ');
    return `-- ${columns}\n${describedStatement(each.statement)}`;
  });
  return [...inquiries, ...results].join('\n\n');
}

function describedStatement(statement: Inquiry['statement']): string {
  const text = statement.text
    .replace(/ SETTINGS .*$/, '')
    .replace(
      / (FROM|WHERE|GROUP BY|ORDER BY|LIMIT|(?:LEFT |RIGHT |INNER |FULL |SEMI |ANTI )*JOIN|UNION ALL|ARRAY JOIN) /g,
      '\n$1 ',
    );
  const values = Object.entries(statement.parameters).map(
    ([name, value]) => `-- ${name} = ${JSON.stringify(value)}`,
  );
  return [...values, text].join('\n');
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
    const result = await compileAsking(readFileSync(join(folder, file), 'utf8'), testOptions, run);
    check(`${name}${result.ok ? '.sql' : '.err'}`, described(result));
    if (!result.ok || result.results.some((each) => each.tables.length > 0)) return;
    const rows: string[] = [];
    for (const each of result.results) {
      rows.push((await run(each)).trimEnd());
    }
    check(`${name}.rows`, rows.join('\n\n'));
  });
}
