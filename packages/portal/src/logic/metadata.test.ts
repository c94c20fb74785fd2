import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editorSchema, filteredTables, groupedTables, readMetadata } from './metadata.js';

const body = {
  tables: [
    { name: 'Syslog', columns: [{ name: 'Facility', type: 'string' }] },
    {
      name: 'Heartbeat',
      description: 'Agents',
      columns: [
        { name: 'TimeGenerated', type: 'datetime' },
        { name: 'Computer', type: 'string' },
      ],
    },
    { columns: [] },
    7,
  ],
  functions: [{ name: 'Recent', parameters: 'hours:long=1, host:string', body: 'Heartbeat' }],
};

test('reads tables by name and leaves out what is none', () => {
  const schema = readMetadata(body);
  assert.deepEqual(
    schema.tables.map((table) => table.name),
    ['Heartbeat', 'Syslog'],
  );
  assert.deepEqual(readMetadata(null), { tables: [], functions: [] });
});

test('the editor gets a database with typed parameters', () => {
  const { database } = editorSchema(readMetadata(body), 'default');
  assert.equal(database.name, 'default');
  assert.deepEqual(database.functions[0]?.inputParameters, [
    { name: 'hours', cslType: 'long', cslDefaultValue: '1' },
    { name: 'host', cslType: 'string' },
  ]);
});

test('filters by table, then by column', () => {
  const { tables } = readMetadata(body);
  assert.deepEqual(
    filteredTables(tables, 'HEART').map((table) => table.columns.length),
    [2],
  );
  assert.deepEqual(filteredTables(tables, 'comp'), [
    {
      name: 'Heartbeat',
      description: 'Agents',
      custom: false,
      columns: [{ name: 'Computer', type: 'string' }],
    },
  ]);
  assert.equal(filteredTables(tables, 'nothing').length, 0);
});

test('tables of the workspace itself come before the many standard ones', () => {
  const named = (name: string, isCustom = false) => ({ name, isCustom, columns: [] });
  const { tables } = readMetadata({
    tables: [named('AADRiskyUsers'), named('Perf'), named('Text_CL'), named('Own', true)],
  });
  const { near, far } = groupedTables(tables);
  assert.deepEqual(
    near.map((table) => table.name),
    ['Own', 'Perf', 'Text_CL'],
  );
  assert.deepEqual(
    far.map((table) => table.name),
    ['AADRiskyUsers'],
  );
});
