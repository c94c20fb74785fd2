/** Each row of the function and aggregate tables makes SQL that the engine takes, nulls included. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Session } from 'chdb';
import { aggregateNamed, aggregateNames } from './aggregates/index.js';
import { functionNamed, functionNames, severalNames } from './functions/index.js';
import { compile, compileAsking, type Inquiry } from './index.js';
import { signature, type ParameterType } from './semantics/signature.js';
import { testOptions } from './test-options.js';

const directory = mkdtempSync(join(tmpdir(), 'kql-tables-'));
const session = new Session(directory);
after(() => {
  session.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A column of each type, and a constant where one must be. */
const samples: Readonly<Record<ParameterType, readonly [string, string]>> = {
  bool: ['b', 'true'],
  datetime: ['t', 'datetime(2026-01-02 03:04:05.1234567)'],
  decimal: ['m', 'decimal(1.5)'],
  dynamic: ['d', 'dynamic(["a", "b", 3])'],
  guid: ['g', 'guid(74be27de-1e4e-49d9-b579-fe0b331d3642)'],
  int: ['i', 'int(3)'],
  long: ['l', '3'],
  real: ['r', '2.5'],
  string: ['s', '"year"'],
  timespan: ['p', '1h'],
  scalar: ['s', '"x"'],
  text: ['s', '"x"'],
  printable: ['l', '"x"'],
  alike: ['l', '1'],
  integer: ['l', '2'],
  number: ['r', '2.5'],
  summable: ['r', '2.5'],
  orderable: ['t', '1'],
  common: ['l', '1'],
  type: ['typeof(long)', 'typeof(long)'],
};

const rows = `datatable(b:bool, t:datetime, m:decimal, d:dynamic, g:guid, i:int, l:long, r:real, s:string, p:timespan) [
  true, datetime(2026-01-02 03:04:05.1234567), decimal(1.5), dynamic(["a", 1, null, {"k": 2}]), guid(74be27de-1e4e-49d9-b579-fe0b331d3642), int(3), 7, 2.5, "10.1.2.3 foo-bar", 90m,
  bool(null), datetime(null), decimal(null), dynamic(null), guid(null), int(null), long(null), real(null), "", timespan(null),
  false, datetime(0001-01-01), decimal(-3), dynamic({"a": [1]}), guid(00000000-0000-0000-0000-000000000000), int(-1), -9223372036854775808, real(nan), "é(", -1tick ]`;

async function ask({ statement }: Pick<Inquiry, 'statement'>): Promise<string> {
  const format = 'JSONCompactEachRow';
  return (await session.queryBindAsync(statement.text, statement.parameters, { format })).text();
}

async function refusal(query: string): Promise<string | undefined> {
  const result = await compileAsking(query, testOptions, ask);
  if (!result.ok) return `${query}: ${result.diagnostics[0]?.message}`;
  const [first] = result.results;
  assert.ok(first !== undefined);
  try {
    const answer = await ask(first);
    const strings = first.columns.flatMap((column, index) =>
      column.type === 'string' ? [index] : [],
    );
    for (const line of answer.split('\n')) {
      if (line === '') continue;
      const cells = JSON.parse(line) as unknown[];
      if (strings.some((index) => typeof cells[index] !== 'string'))
        return `${query}: a string is null`;
    }
    return undefined;
  } catch (error) {
    return `${query}: ${String(error).slice(0, 300)}`;
  }
}

function calls(
  name: string,
  takes: string | readonly string[],
  constants: readonly number[],
  choices: Readonly<Record<number, readonly string[]>> = {},
): string[] {
  return (typeof takes === 'string' ? [takes] : takes).map((text) => {
    const { parameters } = signature(text);
    const args = parameters.map((parameter, index) => {
      const [word] = choices[index] ?? [];
      return word === undefined
        ? samples[parameter][constants.includes(index) ? 1 : 0]
        : `'${word}'`;
    });
    return `${name}(${args.join(', ')})`;
  });
}

void test('every scalar function runs', async () => {
  const problems: string[] = [];
  for (const name of functionNames()) {
    const row = functionNamed(name);
    if (row === undefined || name === 'case') continue;
    const input = row.window === true ? `${rows} | sort by l asc` : rows;
    for (const each of calls(name, row.takes, row.constants ?? [], row.choices)) {
      const found = await refusal(`${input} | extend result = ${each}`);
      if (found !== undefined) problems.push(found.replace(rows, 'T'));
    }
  }
  for (const name of severalNames()) {
    const row = functionNamed(`$${name}`);
    if (row === undefined) continue;
    for (const each of calls(name, row.takes, row.constants ?? [], row.choices)) {
      const found = await refusal(`${rows} | extend ${each}`);
      if (found !== undefined) problems.push(found.replace(rows, 'T'));
    }
  }
  assert.deepEqual(problems, []);
});

void test('every aggregate runs, with groups, without, and over no rows', async () => {
  const problems: string[] = [];
  for (const name of aggregateNames()) {
    const row = aggregateNamed(name);
    if (row === undefined) continue;
    for (const each of calls(name, row.takes, [])) {
      for (const query of [
        `${rows} | summarize ${each} by b`,
        `${rows} | summarize ${each}`,
        `${rows} | where l > 100 | summarize ${each}`,
      ]) {
        const found = await refusal(query);
        if (found !== undefined) problems.push(found.replace(rows, 'T'));
      }
    }
  }
  assert.deepEqual(problems, []);
});

void test('operators run on every pair of types that they take', async () => {
  const problems: string[] = [];
  const columns = ['b', 't', 'm', 'd', 'g', 'i', 'l', 'r', 's', 'p'];
  for (const operator of [
    '==',
    '!=',
    '<',
    '>=',
    '+',
    '-',
    '*',
    '/',
    '%',
    'has',
    'contains',
    '=~',
  ]) {
    const taken = columns
      .flatMap((left) => columns.map((right) => `${left} ${operator} ${right}`))
      .filter((each) => compile(`${rows} | extend x = ${each}`, testOptions).ok);
    assert.ok(taken.length > 0, operator);
    const found = await refusal(
      `${rows} | project ${taken.map((each, index) => `c${index} = ${each}`).join(', ')}`,
    );
    if (found !== undefined) problems.push(found.replace(rows, 'T'));
  }
  assert.deepEqual(problems, []);
});
