import type { JournalSequence, WorkspaceId } from '@strongroom/base';
import type { WorkspaceStatus } from '@strongroom/api';

/** One stream's rows, admitted into a workspace: allowed, counted, tagged, not yet durable. */
export interface AdmittedBatch {
  readonly workspaceId: WorkspaceId;
  /** What the applier needs, frozen as of admission. */
  readonly route: BatchRoute;
  /** Rows as they came (inflated): a JSON array or NDJSON. */
  readonly rows: Uint8Array;
  readonly shape: 'array' | 'ndjson';
  /** Principal, rule, stream, request id: with the rows' hash, how a retry is recognised. */
  readonly retry?: { readonly principal: string; readonly rule: string; readonly requestId: string };
}

/** Where a batch goes. Written into the entry's metadata. */
export interface BatchRoute {
  readonly stream: string;
  readonly ruleImmutableId?: string;
  readonly table: string;
}

export interface AppendedBatch {
  readonly sequence: JournalSequence;
  /** Value for the `x-strongroom-receipt` header. */
  readonly receipt: string;
  /** True where the batch was recognised as a retry: nothing was stored a second time. */
  readonly repeated: boolean;
}

/** A running workspace: its journal, its followers, its ledger, its engine on demand. */
export interface Workspace {
  readonly id: WorkspaceId;
  /** Resolves when the batch is encrypted, checksummed and fsynced; then it is ours to keep. */
  append(batch: AdmittedBatch): Promise<AppendedBatch>;
  /** Appends one audit row (from reserved space). */
  appendAudit(table: string, row: Readonly<Record<string, unknown>>): Promise<void>;
  /** Newest signed checkpoint as text. */
  checkpoint(): string | undefined;
  status(): WorkspaceStatus;
}

/** All workspaces of this service; opens each on first use, closes idle engines. */
export interface Workspaces {
  open(id: WorkspaceId): Promise<Workspace>;
  /** Statuses without opening anything. */
  statuses(): readonly WorkspaceStatus[];
  /** Makes the directories and keys of a new workspace; the catalog record is written after it. */
  create(id: WorkspaceId, region: string): Promise<{ keyRecord: Uint8Array }>;
  /** Stops it and removes everything below its directory. */
  remove(id: WorkspaceId): Promise<void>;
  dropTable(id: WorkspaceId, table: string): Promise<void>;
  close(): Promise<void>;
}
