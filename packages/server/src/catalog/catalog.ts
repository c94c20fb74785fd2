import type { WorkspaceId } from '@strongroom/base';
import type { ColumnSchema, TableSchema } from '@strongroom/sql';

/**
 * What the data plane reads of the control plane's records.
 *
 * Every method answers from memory: the catalog keeps what these need loaded, and replaces it when
 * a control-plane act has been committed, so no ingest or query waits for the database.
 */
export interface CatalogReader {
  workspace(id: WorkspaceId): WorkspaceRecord | undefined;
  /** By normalised resource id. */
  workspaceByResourceId(resourceId: string): WorkspaceRecord | undefined;
  workspaces(): readonly WorkspaceRecord[];
  /** A table of this workspace: standard or custom. Names are case-sensitive, as in KQL. */
  table(id: WorkspaceId, name: string): TableRecord | undefined;
  tableNames(id: WorkspaceId): Iterable<string>;
  /** Saved functions of this workspace. */
  functions(id: WorkspaceId): readonly FunctionRecord[];
  /** By immutable id (`dcr-` and 32 hex digits). */
  rule(immutableId: string): RuleRecord | undefined;
  /** The streams that agents of this workspace may send, by name (`Microsoft-Perf`, …). */
  agentStream(id: WorkspaceId, stream: string): StreamRecord | undefined;
}

export interface WorkspaceRecord {
  readonly workspaceId: WorkspaceId;
  readonly name: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly region: string;
  /** As the caller wrote it; compare by `resourceKey`. */
  readonly resourceId: string;
  /** Normalised resource id: the scope for access decisions. */
  readonly resourceKey: string;
  /** The wrapped workspace key (docs/formats/keys.md). */
  readonly keyRecord: Uint8Array;
  readonly retentionInDays: number;
  /** Plain bytes that senders may bring in a UTC day; absent where there is no limit. */
  readonly dailyQuotaBytes?: number;
  readonly createdAt: number;
}

export interface TableRecord {
  readonly schema: TableSchema;
  readonly kind: 'Microsoft' | 'CustomLog';
  /** Columns with a full-text index. */
  readonly fullTextColumns: readonly string[];
}

export interface FunctionRecord {
  readonly name: string;
  /** KQL parameter list without parentheses, e.g. `n:long, T:(x:long)`. */
  readonly parameters: string;
  readonly body: string;
}

/** One way into one table: from a data collection rule's flow or from an agent's built-in stream. */
export interface StreamRecord {
  readonly name: string;
  /** Columns of the incoming rows. */
  readonly columns: readonly ColumnSchema[];
  /** KQL over `source`; absent means as it is. */
  readonly transformKql?: string;
  readonly workspaceId: WorkspaceId;
  readonly outputTable: string;
}

export interface RuleRecord {
  readonly immutableId: string;
  /** Normalised resource id of the rule: the scope of `Microsoft.Insights/Telemetry/Write`. */
  readonly resourceKey: string;
  /** Changes with every edit of the rule; kept with entries, so a replay transforms as admitted. */
  readonly version: number;
  /** By declared stream; one stream may flow into several tables and workspaces. */
  readonly streams: ReadonlyMap<string, readonly StreamRecord[]>;
}
