import type { BatchSource } from './workspace.js';

/**
 * What became of every record: received = stored + refused + dropped + filtered + dead-lettered.
 * Counted here and written as rows of `IngestionAccounting` by the workspace, so users can query it.
 */
export class Accounting {
  readonly #keysMax: number;
  readonly #counters = new Map<string, Counter>();

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  /** Adds to the counters of one way in. */
  count(way: Way, counts: Partial<Counts>): void {
    let key = keyOf(way);
    let kept = way;
    if (!this.#counters.has(key) && this.#counters.size >= this.#keysMax) {
      kept = otherWays;
      key = keyOf(otherWays);
    }
    const counter = this.#counters.get(key) ?? { way: kept, counts: { ...zero } };
    this.#counters.set(key, counter);
    for (const name of countNames) counter.counts[name] += counts[name] ?? 0;
  }

  /** Rows for the table, and the counters begin anew. */
  take(period: { start: string; end: string }): Record<string, unknown>[] {
    const rows = [...this.#counters.values()].map(({ way, counts }) => ({
      TimeGenerated: period.end,
      PeriodStart: period.start,
      PeriodEnd: period.end,
      StreamName: way.stream,
      TableName: way.table,
      RuleId: way.rule,
      SourceKind: way.source?.kind ?? '',
      SourceId: way.source?.id ?? '',
      Reason: way.reason ?? '',
      ...counts,
    }));
    this.#counters.clear();
    return rows;
  }
}

interface Counter {
  readonly way: Way;
  readonly counts: Counts;
}

/** One way in, as far as it is counted apart. */
export interface Way {
  readonly stream: string;
  readonly table: string;
  readonly rule: string;
  readonly source?: BatchSource;
  /** Why records were refused or dropped. */
  readonly reason?: string;
}

/** The columns of `IngestionAccounting` that count. */
export interface Counts {
  BatchesReceived: number;
  RowsReceived: number;
  BytesReceived: number;
  BatchesRepeated: number;
  RowsRepeated: number;
  BatchesRefused: number;
  BytesRefused: number;
  RowsStored: number;
  RowsFiltered: number;
  RowsDeadLettered: number;
  RowsDropped: number;
}

/** Something that was sent and never became a batch. */
export interface Refusal {
  readonly stream: string;
  readonly rule: string;
  readonly source: BatchSource;
  readonly reason: string;
  readonly bytes: number;
}

const zero: Counts = {
  BatchesReceived: 0,
  RowsReceived: 0,
  BytesReceived: 0,
  BatchesRepeated: 0,
  RowsRepeated: 0,
  BatchesRefused: 0,
  BytesRefused: 0,
  RowsStored: 0,
  RowsFiltered: 0,
  RowsDeadLettered: 0,
  RowsDropped: 0,
};
const countNames = Object.keys(zero) as (keyof Counts)[];
const otherWays: Way = { stream: '(other)', table: '(other)', rule: '(other)' };
const keyOf = (way: Way): string =>
  [way.stream, way.table, way.rule, way.source?.kind, way.source?.id, way.reason].join('\n');
