import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { concatBytes, toBase64, utf8 } from '@strongroom/base';
import { ExpectedRows } from './expected-rows.js';
import { entryCommitment, partsRoot, shapeDigest } from './rows.js';

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
const columns = [['TimeGenerated', 'datetime']] as const;
const shape = toBase64(
  shapeDigest(
    sha256,
    columns.map(([name, type]) => ({ name, type })),
  ),
);
const root = toBase64(sha256(utf8('rows')));

type Table = { table: string; shape: string; day: string; rows: [string, number, string][] };

function kept(
  position: bigint,
  record: {
    readonly type: string;
    readonly tables?: readonly Table[];
    readonly [name: string]: unknown;
  },
) {
  const type = utf8(record.type);
  const parts = (record.tables ?? []).flatMap(({ rows, ...rest }) =>
    rows.map((row) => entryCommitment({ ...rest, row })),
  );
  const committed = record.type === 'rowsCommitted';
  const count = new Uint8Array([0, 0, 0, parts.length]);
  const metadata = concatBytes(
    new Uint8Array([1, 2, 0, committed ? 1 : 0, 0, type.length]),
    type,
    ...(committed ? [count, partsRoot(sha256, parts)] : []),
  );
  const payload = utf8(JSON.stringify(record));
  return { position, time: 0, salt: new Uint8Array(32), metadata, payload };
}

const table = (name: string, ...positions: string[]): Table => ({
  table: name,
  shape,
  day: '7',
  rows: positions.map((position) => [position, 2, root]),
});
const committed = (
  position: bigint,
  range: { from: string; to: string; records?: string[] },
  ...tables: Table[]
) => kept(position, { type: 'rowsCommitted', records: [], ...range, tables });
const shapeRecord = kept(3n, { type: 'tableShape', shape, columns });

function positionsOf(rows: ExpectedRows, name: string): bigint[] {
  return [...(rows.tables.get(name)?.values() ?? [])].flatMap((day) => [...day.keys()]);
}

test('follows what is committed, purged, expired and deleted', () => {
  const rows = new ExpectedRows(sha256);
  rows.add(shapeRecord);
  rows.add(committed(4n, { from: '0', to: '3' }, table('A', '0', '1', '2'), table('B', '1')));
  assert.deepEqual(positionsOf(rows, 'A'), [0n, 1n, 2n]);
  const after = { table: 'A', shape: '', day: '7', rows: [['1', 0, '']] };
  rows.add(kept(5n, { type: 'tablePurged', after: [after] }));
  assert.deepEqual(positionsOf(rows, 'A'), [0n, 2n]);
  rows.add(kept(6n, { type: 'tableDeleted', table: 'B' }));
  assert.deepEqual(positionsOf(rows, 'B'), []);
  rows.add(committed(7n, { from: '3', to: '7', records: ['3', '5', '6'] }, table('B', '5')));
  rows.add(kept(8n, { type: 'partitionExpired', table: 'A', days: ['7'] }));
  assert.deepEqual(positionsOf(rows, 'A'), []);
  assert.deepEqual(positionsOf(rows, 'B'), [5n]);
  rows.end();
  assert.deepEqual(rows.problems, []);
  assert.equal(rows.committed, 7n);
});

test('names a gap, a record that is missing or named by none, and parts that do not match', () => {
  const rows = new ExpectedRows(sha256);
  rows.add(shapeRecord);
  rows.add(committed(4n, { from: '1', to: '4', records: ['2'] }, table('A', '1')));
  const forged = committed(5n, { from: '4', to: '5' }, table('A', '4'));
  rows.add({
    ...forged,
    payload: utf8(
      JSON.stringify({ ...JSON.parse(new TextDecoder().decode(forged.payload)), tables: [] }),
    ),
  });
  rows.end();
  assert.deepEqual(
    rows.problems.map(({ position, message }) => [position, message.slice(0, 24)]),
    [
      [4n, 'It begins at position 1;'],
      [5n, 'Its parts do not lead to'],
      [2n, 'A record is missing that'],
      [3n, 'The record is named by n'],
    ],
  );
});
