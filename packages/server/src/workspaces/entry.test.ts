import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode, toHex, utf8 } from '@strongroom/base';
import { sha256 } from '@strongroom/platform';
import { decodeEntryMetadata, encodeEntryMetadata, fingerprintOf } from './entry.js';
import type { EntryMetadata } from './entry.js';

const full: EntryMetadata = {
  route: {
    stream: 'Custom-Text_CL',
    table: 'Text_CL',
    ruleImmutableId: 'dcr-0123456789abcdef0123456789abcdef',
    ruleVersion: 7,
    columns: [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'Größe', type: 'real' },
    ],
    transformKql: 'source | where Größe > 1',
  },
  source: { kind: 'Application', id: '11111111-2222-3333-4444-555555555555' },
  shape: 'array',
  rowCount: 3,
  fingerprint: Uint8Array.from({ length: 16 }, (_, index) => index),
};
const least: EntryMetadata = {
  route: { stream: 'LAQueryLogs', table: 'LAQueryLogs', columns: [] },
  source: { kind: 'Service', id: 'strongroom' },
  shape: 'ndjson',
  rowCount: 1,
};

test('metadata survives encoding', () => {
  for (const entry of [full, least]) {
    assert.deepEqual(decodeEntryMetadata(encodeEntryMetadata(entry)), entry);
  }
});

test('the format is what the document says', () => {
  const source = toHex(utf8('strongroom'));
  const name = toHex(utf8('LAQueryLogs'));
  assert.equal(
    toHex(encodeEntryMetadata(least)),
    `01010200000000010${4}000a${source}000b${name}000b${name}0000000000000000`,
  );
});

test('refuses metadata cut anywhere, with bytes after it, or of another version', () => {
  const bytes = encodeEntryMetadata(full);
  const refused = (changed: Uint8Array): void => {
    assert.throws(
      () => decodeEntryMetadata(changed),
      (error) => hasCode(error, 'ENTRY_UNREADABLE'),
    );
  };
  for (let cut = 0; cut < bytes.length; cut += 1) refused(bytes.slice(0, cut));
  refused(Uint8Array.from([...bytes, 0]));
  for (const [at, value] of [
    [0, 2],
    [1, 9],
    [2, 3],
    [3, 4],
    [8, 5],
  ] as const) {
    const changed = bytes.slice();
    changed[at] = value;
    refused(changed);
  }
});

test('a retry is the same sender, rule, stream, table, request id and body', () => {
  const batch = {
    retry: { principal: 'p', rule: 'r', requestId: 'q' },
    route: full.route,
    rows: utf8('[{}]'),
  };
  const base = toHex(fingerprintOf(sha256, batch));
  assert.equal(toHex(fingerprintOf(sha256, { ...batch })), base);
  const others = [
    { ...batch, retry: { ...batch.retry, principal: 'other' } },
    { ...batch, retry: { ...batch.retry, principal: 'pr', rule: '' } },
    { ...batch, retry: { ...batch.retry, rule: 'x' } },
    { ...batch, retry: { ...batch.retry, requestId: 'x' } },
    { ...batch, route: { ...full.route, stream: 'x' } },
    { ...batch, route: { ...full.route, table: 'x' } },
    { ...batch, rows: utf8('[{} ]') },
  ];
  for (const other of others) assert.notEqual(toHex(fingerprintOf(sha256, other)), base);
});
