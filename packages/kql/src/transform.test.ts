import assert from 'node:assert/strict';
import { test } from 'node:test';
import { print } from '@strongroom/sql';
import { compileTransform } from './index.js';

const options = {
  input: {
    name: 'Custom-Raw',
    columns: [
      { name: 'Time', type: 'datetime' },
      { name: 'RawData', type: 'string' },
      { name: 'Extra', type: 'dynamic' },
    ],
  },
  output: {
    name: 'Raw_CL',
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'RawData', type: 'string' },
      { name: 'Level', type: 'int' },
    ],
  },
  workspaceId: '6d0a4e2c-0000-4000-8000-000000000001',
  now: 639_130_392_000_000_000n,
} as const;

void test("makes a SELECT over 'source' with the output's columns and types", () => {
  const result = compileTransform(
    'source | where RawData != "" | extend TimeGenerated = Time, Level = Extra.level | project-away Extra',
    options,
  );
  assert.ok(result.ok);
  assert.deepEqual(
    result.columns.map((each) => `${each.name}:${each.type}`),
    ['TimeGenerated:datetime', 'RawData:string', 'Level:int'],
  );
  assert.equal(
    print(result.select).text,
    "SELECT `source`.`Time` AS `TimeGenerated`, `source`.`RawData` AS `RawData`, JSONExtract(`source`.`Extra`, {p0:String}, 'Nullable(Int32)') AS `Level` FROM `source` WHERE `source`.`RawData` != ''",
  );
});

void test('passes rows on as they are', () => {
  const result = compileTransform('source', options);
  assert.ok(result.ok);
  assert.deepEqual(
    result.columns.map((each) => each.name),
    ['RawData'],
  );
});

void test('refuses what does not keep a row a row', () => {
  for (const text of [
    'source | summarize count()',
    'source | take 1',
    'Heartbeat',
    'source | join (source) on RawData',
    'source | where Nope == 1',
  ]) {
    assert.equal(compileTransform(text, options).ok, false, text);
  }
});
