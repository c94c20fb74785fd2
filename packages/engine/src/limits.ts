import { EngineError } from './errors.js';

/** What bounds one engine process. */
export interface EngineLimits {
  /** Memory that ClickHouse may take for everything it does; queries are refused beyond it. */
  readonly serverMemoryBytes: number;
  /** Threads of one query. */
  readonly queryThreads: number;
  /** Queries running at once; each has a session and a thread of its own. */
  readonly queriesRunningMax: number;
  /** Queries waiting for one of those. */
  readonly queriesWaitingMax: number;
  /** Bytes of rows in one insert. A batch must become one part, so it is held in memory whole. */
  readonly insertBytesMax: number;
  /** Rows in one insert. */
  readonly insertRowsMax: number;
  /** How long the child may take to open the directory. */
  readonly openMs: number;
  /** How long it may take to close before it is killed. */
  readonly closeMs: number;
  /** Arrival days after which a part moves from the hot to the cold volume. */
  readonly hotDays: number;
}

export const defaultEngineLimits: EngineLimits = {
  serverMemoryBytes: 2 * 1024 * 1024 * 1024,
  queryThreads: 2,
  queriesRunningMax: 4,
  queriesWaitingMax: 64,
  insertBytesMax: 64 * 1024 * 1024,
  insertRowsMax: 4_000_000,
  openMs: 60_000,
  closeMs: 3_000,
  hotDays: 14,
};

/** Columns of one table: the standard tables' widest has about 250; Azure allows 500. */
export const tableColumnsMax = 600;
/** A header of the protocol between the processes. Statements are the largest part of it. */
export const frameHeaderBytesMax = 32 * 1024 * 1024;
/** Chunks of a result that the child may send ahead of its reader. */
export const chunksAheadMax = 2;
/** Ranges that an insert remembers as already applied, in ClickHouse's own log of tokens. */
export const deduplicationWindow = 100;
/**
 * So long after work the engine's allocator gives back what was freed: left alone it keeps some
 * hundred megabytes of a large query for good. Not after each statement: taking pages anew costs.
 */
export const purgeMemoryMs = 3_000;
/** So long after a merge the parts that it replaced are removed; by then its names are synced. */
export const oldPartsSeconds = 60;
/** A result that is read whole (counts, sizes). */
export const smallResultBytesMax = 16 * 1024 * 1024;

/** The defaults with `changes`. Throws `ENGINE_BAD_OPTION` where a value makes no sense. */
export function engineLimits(changes: Partial<EngineLimits> = {}): EngineLimits {
  const limits = { ...defaultEngineLimits, ...changes };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new EngineError('ENGINE_BAD_OPTION', `${name} must be an integer from 1.`);
    }
  }
  return limits;
}
