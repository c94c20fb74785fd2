import { StrongroomError, concatBytes, fromUtf8, toBase64, utf8 } from '@strongroom/base';
import type { WorkspaceErrorCode } from './errors.js';
import { EntryReader, sized16, uint16, uint32 } from './entry-fields.js';
import { workspaceRecordLimits } from './limits.js';

/**
 * A record: an act upon the workspace, kept as an entry of its own in the journal and so as a leaf
 * of its ledger. `docs/formats/records.md`.
 *
 * Rows go; records stay. What a row's absence rests on (a purge, an expiry) and what its presence is
 * held against (`rowsCommitted`) are records.
 */
export type LedgerRecord = RecordHead & RecordDetail;

/** What is handed to `Workspace.record`: it puts in the time. */
export type LedgerRecordDraft = Omit<RecordHead, 'time'> & RecordDetail;

/** What every record says. */
export interface RecordHead {
  /** When the act was recorded: ISO 8601, UTC, milliseconds. */
  readonly time: string;
  /** Who did it, as proved. */
  readonly actor: RecordActor;
  /** Who else agreed, each with a credential of their own. */
  readonly approvals?: readonly RecordActor[];
  /** Why, in the actor's words. */
  readonly reason?: string;
  readonly correlationId?: string;
}

export interface RecordActor {
  readonly kind: 'User' | 'Application' | 'Agent' | 'Service' | 'Operator';
  /** Object id of the principal; `strongroom` for the service itself. */
  readonly id: string;
  readonly name?: string;
  /** When this one agreed; only in approvals. */
  readonly time?: string;
}

/** The service itself, as an actor. */
export const serviceActor: RecordActor = { kind: 'Service', id: 'strongroom' };

/** A half-open range of journal positions; decimal, because JSON numbers end at 2^53. */
export interface RecordRange {
  readonly from: string;
  readonly to: string;
}

/**
 * The rows of one entry in one table: position, number of rows, and the Merkle root over them
 * (base64). What `rowCommitments` of the engine computes.
 */
export type RowCommitment = readonly [position: string, rows: number, root: string];

/** What a range of positions has in a table, after an act. */
export interface TableCommitments {
  readonly table: string;
  /** Digest of the columns that are committed to (base64); a `tableShape` record says which. */
  readonly shape: string;
  /** Days since 0001-01-01 on which the rows arrived: the table's partition. */
  readonly day: string;
  readonly rows: readonly RowCommitment[];
}

/** By `type`, which is closed: a reader refuses others. */
export type RecordDetail =
  /**
   * The rows of a range are in their tables. Ranges follow one another without gaps. `records` are
   * the positions of other records in the range: none can be left out of a copy unseen.
   */
  | ({
      readonly type: 'rowsCommitted';
      readonly records: readonly string[];
      readonly tables: readonly TableCommitments[];
    } & RecordRange)
  /** The columns that a digest stands for, in order. Said before it is used, once a run. */
  | {
      readonly type: 'tableShape';
      readonly shape: string;
      readonly columns: readonly (readonly [name: string, type: string])[];
    }
  /** Rows were removed by a filter. `after` replaces the commitments of every entry that it names (0 rows: none are left). */
  | {
      readonly type: 'tablePurged';
      readonly operationId: string;
      readonly table: string;
      /** A hash or description of the filter; never values of customers' rows. */
      readonly filter: string;
      readonly rowsRemoved: number;
      readonly after: readonly TableCommitments[];
    }
  /** A journal segment was rewritten without purged entries' bodies. */
  | ({
      readonly type: 'journalPurged';
      readonly operationId: string;
      readonly entries: number;
    } & RecordRange)
  /** A purge was asked for, or called off before it ran. */
  | {
      readonly type: 'purgeRequested' | 'purgeCancelled';
      readonly operationId: string;
      readonly table: string;
      readonly filter: string;
    }
  /** A table's rows of these arrival days are gone: their commitments end. */
  | {
      readonly type: 'partitionExpired';
      readonly table: string;
      readonly days: readonly string[];
      readonly rows: number;
      readonly retentionDays: number;
    }
  /** A table with all its rows so far is gone. */
  | { readonly type: 'tableDeleted'; readonly table: string; readonly rows: number }
  /** The stored form of a table was written anew (rotation, rebuild); its rows are the same. */
  | { readonly type: 'tableRewritten'; readonly table: string; readonly why: string }
  | {
      readonly type: 'retentionChanged';
      readonly table: string;
      readonly before: number;
      readonly after: number;
      readonly effective: string;
    }
  | { readonly type: 'workspaceDeleted' | 'workspaceRecovered'; readonly until?: string }
  /** A key was replaced, lost its provider's consent, got it back, or was destroyed. */
  | {
      readonly type: 'keyRotated' | 'keyRevoked' | 'keyRestored' | 'keyDestroyed';
      /** `workspace`, `engine-disk`, `journal-segment`, `checkpoint`, `root`, … */
      readonly purpose: string;
      readonly keyId: string;
      readonly newKeyId?: string;
      readonly provider?: string;
    }
  /** The ledger goes on from an earlier checkpoint; signed and approved apart. */
  | {
      readonly type: 'epochOpened';
      readonly epoch: number;
      /** Last checkpoint kept, and the first that was lost, as whole notes. */
      readonly kept: string;
      readonly lost?: string;
      /** The signed statement. */
      readonly statement: string;
    }
  | {
      readonly type: 'holdPlaced' | 'holdLifted' | 'holdLiftProposed' | 'holdLiftApproved';
      readonly holdId: string;
      readonly name: string;
      /** Normalised resource id or table name. */
      readonly scope: string;
      readonly approversNeeded?: number;
      readonly approvers?: readonly string[];
    }
  | {
      readonly type: 'lockSet' | 'lockRemoved';
      readonly name: string;
      readonly level: 'CanNotDelete' | 'ReadOnly';
      readonly scope: string;
    }
  /** Entries whose bytes are damaged were set aside by a person. */
  | ({
      readonly type: 'entriesLost';
      readonly entries: number;
      readonly where: string;
    } & RecordRange)
  /** Rows of these tables go to a target outside from now on, or no longer. */
  | {
      readonly type: 'exportCreated' | 'exportDeleted';
      readonly exportId: string;
      readonly name: string;
      readonly tables: readonly string[];
      readonly target: string;
    }
  | { readonly type: 'restored'; readonly from: string; readonly checkpoint: string };

export type RecordType = RecordDetail['type'];

const types: Readonly<Record<RecordType, true>> = {
  rowsCommitted: true,
  tableShape: true,
  tablePurged: true,
  journalPurged: true,
  purgeRequested: true,
  purgeCancelled: true,
  partitionExpired: true,
  tableDeleted: true,
  tableRewritten: true,
  retentionChanged: true,
  workspaceDeleted: true,
  workspaceRecovered: true,
  keyRotated: true,
  keyRevoked: true,
  keyRestored: true,
  keyDestroyed: true,
  epochOpened: true,
  holdPlaced: true,
  holdLifted: true,
  holdLiftProposed: true,
  holdLiftApproved: true,
  lockSet: true,
  lockRemoved: true,
  entriesLost: true,
  exportCreated: true,
  exportDeleted: true,
  restored: true,
};

/** A record as it is read back: with its place in the ledger, and what its leaf is made of. */
export interface KeptRecord {
  readonly position: bigint;
  /** Journal time in milliseconds since 1970. */
  readonly time: number;
  readonly salt: Uint8Array;
  readonly metadata: Uint8Array;
  readonly payload: Uint8Array;
  readonly record: LedgerRecord;
}

/** A Merkle root over parts of the record, so that one part can be shown without the others. */
export interface RecordParts {
  readonly count: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

const version = 1;
/** The kind of an entry that holds a record. */
export const kindRecord = 2;
const hasParts = 1;

/** Metadata and payload of a record's entry. */
export function encodeRecord(
  record: LedgerRecord,
  parts?: RecordParts,
): { metadata: Uint8Array; payload: Uint8Array } {
  const payload = utf8(JSON.stringify(record));
  if (payload.length > workspaceRecordLimits.recordBytesMax) {
    throw new StrongroomError<WorkspaceErrorCode>(
      'RECORD_TOO_LARGE',
      `A record has more than ${workspaceRecordLimits.recordBytesMax} bytes.`,
    );
  }
  const metadata = concatBytes(
    Uint8Array.from([version, kindRecord]),
    uint16(parts === undefined ? 0 : hasParts),
    sized16(record.type),
    ...(parts === undefined ? [] : [uint32(parts.count), parts.root]),
  );
  return { metadata, payload };
}

/** True where an entry's metadata says that it holds a record. */
export const isRecordMetadata = (metadata: Uint8Array): boolean =>
  metadata[0] === version && metadata[1] === kindRecord;

/** Reads a record strictly. Throws `ENTRY_UNREADABLE`. */
export function decodeRecord(entry: {
  readonly metadata: Uint8Array;
  readonly payload: Uint8Array;
}): { record: LedgerRecord; parts: RecordParts | undefined } {
  const { type, parts } = decodeRecordMetadata(entry.metadata);
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(entry.payload));
  } catch {
    throw unreadable('no JSON');
  }
  if (!isRecord(value) || value.type !== type) throw unreadable('no record of its type');
  return { record: value, parts };
}

/** Reads a record's metadata strictly. Throws `ENTRY_UNREADABLE`. */
export function decodeRecordMetadata(metadata: Uint8Array): {
  type: RecordType;
  parts: RecordParts | undefined;
} {
  const reader = new EntryReader(metadata);
  if (reader.uint8() !== version || reader.uint8() !== kindRecord) {
    throw unreadable('an unknown version or kind');
  }
  const flags = reader.uint16();
  if (flags > hasParts) throw unreadable('an unknown flag');
  const type = reader.text16();
  if (!isRecordType(type)) throw unreadable('an unknown type');
  const parts = flags === 0 ? undefined : { count: reader.uint32(), root: reader.take(32) };
  if (!reader.atEnd) throw unreadable('bytes after its end');
  return { type, parts };
}

const isRecordType = (type: string): type is RecordType => Object.hasOwn(types, type);

/** The head is checked; the detail is ours, signed for by the ledger, and read as its type says. */
function isRecord(value: unknown): value is LedgerRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { type, time, actor } = value as Partial<Record<string, unknown>>;
  return (
    typeof type === 'string' &&
    isRecordType(type) &&
    typeof time === 'string' &&
    typeof actor === 'object' &&
    actor !== null
  );
}

const unreadable = (what: string): StrongroomError<WorkspaceErrorCode> =>
  new StrongroomError('ENTRY_UNREADABLE', `The record has ${what}.`);

/** The table that shows records to users. */
export const recordsTable = 'LedgerRecords';

/**
 * The row that a record is in {@link recordsTable}; `undefined` for those that speak of rows: a row of
 * theirs would need one of them.
 */
export function rowOfRecord({
  position,
  record,
}: Pick<KeptRecord, 'position' | 'record'>): Readonly<Record<string, unknown>> | undefined {
  if (record.type === 'rowsCommitted' || record.type === 'tableShape') return undefined;
  const { type, time, actor, approvals, reason, correlationId, ...detail } = record;
  const { table, scope } = detail as { table?: string; scope?: string };
  return {
    TimeGenerated: time,
    RecordType: type,
    LedgerPosition: Number(position),
    ActorKind: actor.kind,
    ActorId: actor.id,
    ActorName: actor.name ?? '',
    Target: table ?? scope ?? '',
    Reason: reason ?? '',
    CorrelationId: correlationId ?? '',
    Approvals: approvals ?? [],
    Detail: detail,
    SourceSystem: 'Strongroom',
  };
}

/** Base64 of a hash, as records write it. */
export const rootText = (root: Uint8Array): string => toBase64(root);
