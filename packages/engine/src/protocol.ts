/** What parent and child say to each other, in the frames of `frames.ts`. */

import type { EngineFailure } from './errors.js';

/** A printed statement as it crosses. */
export interface WireStatement {
  readonly text: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** First frame to the child. The payload is the keys' bytes, one after the other. */
export interface OpenRequest {
  readonly op: 'open';
  readonly id: number;
  /** ClickHouse's own directory. */
  readonly path: string;
  readonly configurationFile: string;
  /** Environment names that the configuration reads keys from, in the payload's order. */
  readonly keyNames: readonly string[];
  readonly keySize: number;
  /** Numbers of the keys, in the payload's order, and of the one that is written under. */
  readonly keyIds: readonly number[];
  readonly currentKeyId: number;
  /** Active parts of all tables, as in {@link InsertRequest}. */
  readonly activeParts: WireStatement;
  /** Run in the session that writes, and in the one that controls. */
  readonly writerSettings: WireStatement;
  readonly createDatabase: WireStatement;
  /** Gives memory that work has freed back to the system. */
  readonly purgeMemory: WireStatement;
  readonly purgeMemoryMs: number;
  /** How often names that merges changed are synced: well before what they replaced is removed. */
  readonly syncNamesMs: number;
  readonly queriesRunningMax: number;
  readonly queriesWaitingMax: number;
}

/** A statement with a small answer. */
export interface RunRequest {
  readonly op: 'run';
  readonly id: number;
  readonly statement: WireStatement;
  /** In the session that writes (and so after what it does now), or beside it. */
  readonly session: 'writer' | 'control';
  /** A table that the statement drops. */
  readonly forget?: string;
  /** It replaces and drops no part. */
  readonly keepsParts?: true;
}

/** Statements that nothing else of the writer comes between. */
export interface ScriptRequest {
  readonly op: 'script';
  readonly id: number;
  readonly statements: readonly WireStatement[];
  /** A table whose parts they replace or drop. */
  readonly forget?: string;
  /** Parts to sync after them, with the directories that name them: as in {@link InsertRequest}. */
  readonly parts?: WireStatement;
}

/**
 * Rows that an insert will come for: they wait in memory. The payload is the entries' bytes, one after
 * the other. It has no answer; what is wrong with them is said when they are inserted.
 */
export interface StageRequest {
  readonly op: 'stage';
  readonly id: number;
  readonly entries: readonly WireEntry[];
  readonly rowsMax: number;
}

/** The rows of request `id` are not needed any more. */
export interface UnstageRequest {
  readonly op: 'unstage';
  readonly id: number;
}

/** Puts staged rows into one table, all in one day. */
export interface InsertRequest {
  readonly op: 'insert';
  readonly id: number;
  /** Request that brought the rows; they are gone after it. */
  readonly staged: number;
  readonly table: string;
  readonly deadLetterTable: string;
  /** Rows that fit, into the table. */
  readonly store: WireInsert;
  /** Run where fewer rows were stored than came. */
  readonly deadLetters: readonly WireInsert[];
  /** Parts that hold the range in the table: `[_part, count]`. */
  readonly found: WireStatement;
  /** Rows of this table and range among the dead letters: `[_part, count]`. */
  readonly foundDeadLetters: WireStatement;
  /** Active parts of the table and the dead letters: `[table, name, path, rows, level, block]`. */
  readonly parts: WireStatement;
}

/** An insert and its settings. Each needs the rows afresh: they can be read once. */
export interface WireInsert {
  readonly statement: WireStatement;
  readonly once: WireStatement;
  readonly again: WireStatement;
  /** It joins the rows with themselves. */
  readonly readsLinesToo: boolean;
}

export interface WireEntry {
  readonly position: string;
  readonly timeReceivedTicks: string;
  readonly size: number;
  readonly shape: 'array' | 'ndjson';
  readonly rowCount?: number;
}

/** A query with an answer of any size. */
export interface QueryRequest {
  readonly op: 'query';
  readonly id: number;
  readonly statement: WireStatement;
  readonly settings: WireStatement;
  /** Finds the query by its comment: `[query_id, rows read, bytes read, memory]`. */
  readonly find: WireStatement;
  /** Kills the query whose id is bound as `p0`. */
  readonly kill: string;
}
/** The reader is ready for one more chunk. */
export interface MoreRequest {
  readonly op: 'more';
  readonly id: number;
}
export interface CancelRequest {
  readonly op: 'cancel';
  readonly id: number;
}
/** A damaged table was made whole: the manifest takes what is there. */
export interface ReopenRequest {
  readonly op: 'reopen';
  readonly id: number;
  readonly uuid: string;
}
export interface MemoryRequest {
  readonly op: 'memory';
  readonly id: number;
}
export interface CloseRequest {
  readonly op: 'close';
  readonly id: number;
}

export type Request =
  | OpenRequest
  | RunRequest
  | ScriptRequest
  | StageRequest
  | UnstageRequest
  | InsertRequest
  | QueryRequest
  | MoreRequest
  | CancelRequest
  | ReopenRequest
  | MemoryRequest
  | CloseRequest;

/** An answer. `rows` and `chunk` have a payload in JSONCompactEachRow. */
export type Reply =
  | { readonly id: number; readonly is: 'done' }
  | { readonly id: number; readonly is: 'opened'; readonly damages: readonly WireDamage[] }
  | { readonly id: number; readonly is: 'rows' }
  | { readonly id: number; readonly is: 'chunk' }
  | { readonly id: number; readonly is: 'end'; readonly statistics: WireStatistics }
  | { readonly id: number; readonly is: 'inserted'; readonly counts: InsertCounts }
  | { readonly id: number; readonly is: 'memory'; readonly memory: MemoryUse }
  | { readonly id: number; readonly is: 'failed'; readonly failure: EngineFailure };

/** A part that is not what it was, by its table's UUID. */
export interface WireDamage {
  readonly uuid: string;
  readonly part: string;
  readonly problem: string;
}

export interface InsertCounts {
  readonly received: number;
  readonly stored: number;
  readonly deadLettered: number;
}

export interface WireStatistics {
  readonly elapsedMs: number;
  /** Read from tables, as last sampled while it ran; 0 for a query too short for a sample. */
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** Greatest use, sampled too. */
  readonly memoryBytes: number;
  readonly rowsReturned: number;
  readonly bytesReturned: number;
}

/** Memory of an engine process, from `/proc`. */
export interface MemoryUse {
  /** Resident, the library's shared pages included. */
  readonly rssBytes: number;
  /** Pages that no other process has and that no file could give back. */
  readonly privateBytes: number;
}
