import type { JournalSequence, WorkspaceId } from '@strongroom/base';
import type { WorkspaceStatus } from '@strongroom/api';
import type { VerifierKey } from '@strongroom/ledger';
import type { ColumnSchema, Settings, Statement } from '@strongroom/sql';
import type { Refusal } from './accounting.js';
import type { PendingEpoch } from './epoch-approval.js';
import type { Erasing } from './erasing.js';
import type { Proofs } from './proofs.js';
import type { KeptRecord, LedgerRecordDraft, TableCommitments } from './record.js';

/** One stream's rows, admitted into a workspace: allowed, counted, tagged, not yet durable. */
export interface AdmittedBatch {
  readonly workspaceId: WorkspaceId;
  /** What the applier needs, frozen as of admission. */
  readonly route: BatchRoute;
  readonly source: BatchSource;
  /** Rows as they came (inflated), well-formed: a JSON array of objects, or objects in a row. */
  readonly rows: Uint8Array;
  readonly shape: 'array' | 'ndjson';
  readonly rowCount: number;
  /** Where the sender gave a request id. */
  readonly retry?: RetryKey;
}

/** With the rows' hash, how a retry is recognised. */
export interface RetryKey {
  readonly principal: string;
  /** The rule's immutable id, or `agent`. */
  readonly rule: string;
  readonly requestId: string;
}

/** Where a batch goes and through what. Written into the entry's metadata. */
export interface BatchRoute {
  readonly stream: string;
  readonly ruleImmutableId?: string;
  readonly ruleVersion?: number;
  readonly table: string;
  /** Columns of the incoming rows. */
  readonly columns: readonly ColumnSchema[];
  /** KQL over `source`; absent means as it is. */
  readonly transformKql?: string;
}

/** Who a batch came from, as proved. */
export interface BatchSource {
  readonly kind: 'User' | 'Application' | 'Agent' | 'Service';
  readonly id: string;
}

export interface AppendedBatch {
  readonly sequence: JournalSequence;
  /** Value for the `x-strongroom-receipt` header. */
  readonly receipt: string;
  /** True where the batch was recognised as a retry: nothing was stored a second time. */
  readonly repeated: boolean;
}

export interface RecordedAct {
  readonly sequence: JournalSequence;
  /** A receipt, as an ingest has one. */
  readonly receipt: string;
}

/** By name: the columns whose full-text index covers all of the table. */
export type StoredTables = ReadonlyMap<string, { readonly fullTextColumns: readonly string[] }>;

/** A running workspace: its journal, its followers, its ledger, its engine on demand. */
export interface Workspace {
  readonly id: WorkspaceId;
  /** Resolves when the batch is encrypted, checksummed and fsynced; then it is ours to keep. */
  append(batch: AdmittedBatch): Promise<AppendedBatch>;
  /** Appends one audit row (from reserved space). Resolves when it is durable. */
  appendAudit(table: string, row: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Keeps an act on record: an entry of the journal (from reserved space) and a leaf of the ledger.
   * Resolves when it is durable; where it rejects, the act must not happen. Becomes a row of
   * `LedgerRecords` and outlives the journal's pruning.
   */
  record(record: LedgerRecordDraft): Promise<RecordedAct>;
  /** Proofs of batches and rows. */
  readonly proofs: Proofs;
  /** Rows of positions below are committed to: a `rowsCommitted` record speaks of them. */
  readonly committed: bigint;
  /**
   * Runs what removes or rewrites stored rows while none are committed to. What is in the tables is
   * committed to first, so the record of the act comes after that of the rows.
   */
  changeRows<T>(run: () => Promise<T>): Promise<T>;
  /**
   * What a table holds of a range of positions now: the `after` of a `tablePurged` record. Entries
   * without rows are not in it; name them with 0 rows and an empty root. Call it in {@link changeRows}.
   */
  rowCommitments(
    table: string,
    range: { readonly from: bigint; readonly to: bigint },
  ): Promise<TableCommitments[]>;
  /** All records, oldest first, also those that are not applied yet. */
  records(): AsyncIterable<KeptRecord>;
  /** Those that were applied, at a position or behind it, oldest first. Throws while the key is away. */
  recordsFrom(position: bigint): AsyncIterable<KeptRecord>;
  /** Runs a statement over tables that are made where the engine does not have them yet. */
  query(statement: Statement, options: WorkspaceQueryOptions): QueryRun;
  /** The tables that may hold rows; every other one is empty. Opens the engine. */
  storedTables(): Promise<StoredTables>;
  /** Counts what was refused before it became a batch. */
  countRefused(refusal: Refusal): void;
  /** What takes rows away. Only `purge/` and `retention/` call it. */
  readonly erasing: Erasing;
  /** Signs a text (c2sp.org/signed-note) with the key of the workspace's ledger. */
  signNote(text: string): Promise<string>;
  /** The key that verifies its checkpoints, receipts and proofs: `name+hash+base64`. */
  readonly verifierKey: string;
  /** The same, and those before it, each with where it ended. */
  readonly verifierKeys: readonly VerifierKey[];
  /** The signed hand-overs from key to key, as the file beside the ledger; empty without any. */
  readonly handOvers: string;
  /**
   * The newest statement that the ledger was restored to an earlier point; none without one, or before
   * the approvers of the holds that stand have agreed.
   */
  epoch(): Promise<string | undefined>;
  /** A restore that waits for approvers. */
  readonly pendingEpoch: PendingEpoch | undefined;
  /** Takes an approver's signature (base64) of it; false where it is nobody's. */
  approveEpoch(signature: string): Promise<boolean>;
  /** Newest signed checkpoint as text. */
  checkpoint(): string | undefined;
  /** When it was signed, in milliseconds since 1970. */
  checkpointTime(): number | undefined;
  status(): WorkspaceStatus;
}

export interface WorkspaceQueryOptions {
  /** Names of the stored tables that the statement reads. */
  readonly tables: readonly string[];
  readonly maxSeconds: number;
  readonly maxMemoryBytes: number;
  /** Aborting it ends the query in the engine. */
  readonly signal: AbortSignal;
  readonly queryId: string;
  /** What the statement's meaning rests on; see the compiler. */
  readonly settings?: Settings;
}

/** A query's rows as they come: chunks of `JSONCompactEachRow`. Leaving the loop early ends it. */
export interface QueryRun extends AsyncIterable<Uint8Array> {
  /** Known once the rows have ended. */
  readonly statistics: QueryStatistics | undefined;
}

export interface QueryStatistics {
  readonly elapsedMs: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly memoryBytes: number;
}

/** All workspaces of this service; opens each on first use, closes idle engines. */
export interface Workspaces {
  open(id: WorkspaceId): Promise<Workspace>;
  /** Statuses without opening anything. */
  statuses(): readonly WorkspaceStatus[];
  /** Makes the directories and keys of a new workspace; the catalog record is written after it. */
  create(id: WorkspaceId, region: string): Promise<{ keyRecord: Uint8Array }>;
  /**
   * Stops it (engine process, followers, journal) and keeps its files; the catalog has taken it out
   * before. A later `open` runs it again.
   */
  suspend(id: WorkspaceId): Promise<void>;
  /**
   * Stops it and removes everything below its directory. `region` is needed where the catalog does
   * not know the workspace (any more).
   */
  remove(id: WorkspaceId, region?: string): Promise<void>;
  dropTable(id: WorkspaceId, table: string): Promise<void>;
  close(): Promise<void>;
}
