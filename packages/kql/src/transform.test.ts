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

void test("makes a SELECT over 'source' with the output's columns", () => {
  const result = compileTransform(
    'source | where RawData != "" | extend TimeGenerated = Time, Level = Extra.level | project-away Extra',
    options,
  );
  assert.ok(result.ok);
  assert.deepEqual(
    result.columns.map((each) => `${each.name}:${each.type}`),
    // The dynamic goes as its text, for a strict cast by who inserts.
    ['TimeGenerated:datetime', 'RawData:string', 'Level:string'],
  );
  const { text } = print(result.select);
  assert.ok(text.startsWith('SELECT `source`.`Time` AS `TimeGenerated`, `source`.`RawData` AS'));
  assert.ok(text.endsWith(" FROM `source` WHERE `source`.`RawData` != ''"), text);
});

void test('converts nothing that might not fit', () => {
  const made = (value: string) => {
    const result = compileTransform(`source | extend Level = ${value}`, options);
    assert.ok(result.ok, value);
    return result.columns.find((each) => each.name === 'Level')?.type;
  };
  assert.equal(made('RawData'), 'string');
  assert.equal(made('9999999999'), 'long');
  assert.equal(made('1.5'), 'real');
  assert.equal(made('toint(RawData)'), 'int');
  // Ticks must not pass for a number.
  assert.equal(made('Time'), 'string');
  assert.equal(made('Time - now()'), 'string');
});

void test('knows when the rows arrived', () => {
  const result = compileTransform('source | extend TimeGenerated = ingestion_time()', options);
  assert.ok(result.ok);
  assert.match(print(result.select).text, /`_TimeReceived` AS `TimeGenerated`/);
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
