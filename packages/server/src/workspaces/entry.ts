import { concatBytes, utf8 } from '@strongroom/base';
import type { Sha256 } from '@strongroom/base';
import type { ColumnSchema, ScalarType } from '@strongroom/sql';
import { EntryReader, sized16, strictText, uint16, uint32, unreadable } from './entry-fields.js';
import type { BatchRoute, BatchSource, RetryKey } from './workspace.js';

/**
 * Metadata of a journal entry that holds rows: `docs/formats/entry.md`, byte by byte.
 *
 * It carries all that turning the rows into a table's rows needs, as of admission: declared
 * columns and the transformation's text. So a replay does what was promised then, whatever became
 * of the rule.
 */
export interface EntryMetadata {
  readonly route: BatchRoute;
  readonly source: BatchSource;
  readonly shape: 'array' | 'ndjson';
  readonly rowCount: number;
  /** 16 bytes by which a retry is recognised; absent where the sender gave no request id. */
  readonly fingerprint?: Uint8Array;
}

const version = 1;
const kindRows = 1;
const shapes = ['array', 'ndjson'] as const;
const sourceKinds = ['User', 'Application', 'Agent', 'Service'] as const;
const types: readonly ScalarType[] = [
  'bool',
  'datetime',
  'decimal',
  'dynamic',
  'guid',
  'int',
  'long',
  'real',
  'string',
  'timespan',
];
const hasFingerprint = 1;
const hasTransform = 2;
const fingerprintSize = 16;

/** Encodes metadata. */
export function encodeEntryMetadata(entry: EntryMetadata): Uint8Array {
  const { route, source, fingerprint } = entry;
  const flags =
    (fingerprint === undefined ? 0 : hasFingerprint) |
    (route.transformKql === undefined ? 0 : hasTransform);
  const head = Buffer.alloc(9);
  head.writeUInt8(version, 0);
  head.writeUInt8(kindRows, 1);
  head.writeUInt8(shapes.indexOf(entry.shape) + 1, 2);
  head.writeUInt8(flags, 3);
  head.writeUInt32BE(entry.rowCount, 4);
  head.writeUInt8(sourceKinds.indexOf(source.kind) + 1, 8);
  const parts: Uint8Array[] = [head];
  if (fingerprint !== undefined) parts.push(fingerprint);
  for (const value of [source.id, route.stream, route.table, route.ruleImmutableId ?? '']) {
    parts.push(sized16(value));
  }
  parts.push(uint32(route.ruleVersion ?? 0), uint16(route.columns.length));
  for (const column of route.columns) {
    parts.push(Uint8Array.from([types.indexOf(column.type) + 1]), sized16(column.name));
  }
  if (route.transformKql !== undefined) {
    const text = utf8(route.transformKql);
    parts.push(uint32(text.length), text);
  }
  return concatBytes(...parts);
}

/** Decodes metadata. Throws `ENTRY_UNREADABLE` for anything that {@link encodeEntryMetadata} never makes. */
export function decodeEntryMetadata(bytes: Uint8Array): EntryMetadata {
  const reader = new EntryReader(bytes);
  if (reader.uint8() !== version) throw unreadable('an unknown version');
  if (reader.uint8() !== kindRows) throw unreadable('an unknown kind');
  const shape = shapes[reader.uint8() - 1];
  const flags = reader.uint8();
  const rowCount = reader.uint32();
  const kind = sourceKinds[reader.uint8() - 1];
  if (shape === undefined || kind === undefined || flags > 3) throw unreadable('an unknown value');
  const fingerprint = (flags & hasFingerprint) === 0 ? undefined : reader.take(fingerprintSize);
  const [id, stream, table, rule] = [
    reader.text16(),
    reader.text16(),
    reader.text16(),
    reader.text16(),
  ];
  const ruleVersion = reader.uint32();
  const columns: ColumnSchema[] = [];
  for (let left = reader.uint16(); left > 0; left -= 1) {
    const type = types[reader.uint8() - 1];
    if (type === undefined) throw unreadable('an unknown column type');
    columns.push({ name: reader.text16(), type });
  }
  const transformKql =
    (flags & hasTransform) === 0 ? undefined : strictText(reader.take(reader.uint32()));
  if (!reader.atEnd) throw unreadable('bytes after its end');
  return {
    route: {
      stream,
      table,
      columns,
      ...(rule === '' ? {} : { ruleImmutableId: rule, ruleVersion }),
      ...(transformKql === undefined ? {} : { transformKql }),
    },
    source: { kind, id },
    shape,
    rowCount,
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
}

/**
 * By what a retry is recognised: who sent it, through which rule and stream, into which table,
 * under which request id, and what. The same id with another body is new data.
 */
export function fingerprintOf(
  sha256: Sha256,
  batch: { retry: RetryKey; route: BatchRoute; rows: Uint8Array },
): Uint8Array {
  const { retry, route, rows } = batch;
  const fields = [retry.principal, retry.rule, route.stream, route.table, retry.requestId];
  return sha256(utf8('strongroom/retry/v1\n'), ...fields.map(sized16), sha256(rows)).slice(
    0,
    fingerprintSize,
  );
}
