import type { BatchSource } from './workspace.js';

/**
 * What became of every record: received = stored + refused + dropped + filtered + dead-lettered.
 * Counted here and written as rows of `IngestionAccounting` by the workspace, so users can query it.
 */
export class Accounting {
  readonly #keysMax: number;
  readonly #counters = new Map<string, Counter>();
  /** The part of them that nothing but this counts: refusals and retries, since the last rows. */
  readonly #alone = new Map<string, Counter>();
  /** Entries below are in the counters, or in rows that were written. */
  #receivedTo = 0n;
  /** What became of entries below is in rows that were written. */
  #appliedTo = 0n;
  #aloneVersion = 0;
  /** What senders brought in one UTC day. */
  #usage: DailyUsage = { day: 0, bytes: 0 };
  /** True once an earlier run's part of it is in. */
  #usageKnown = false;
  /** Until it is known how far an earlier run has booked what it applied. */
  #unsure: { to: bigint; way: Way; counts: Partial<Counts> }[] | undefined;

  /** `continues`: an earlier run may have counted; {@link bookedTo} will say how far. */
  constructor(keysMax: number, continues = false) {
    this.#keysMax = keysMax;
    if (continues) this.#unsure = [];
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

  /** How far an earlier run came: what it has booked is not counted again. */
  bookedTo(to: { receivedTo: bigint; appliedTo: bigint }): void {
    if (to.receivedTo > this.#receivedTo) this.#receivedTo = to.receivedTo;
    this.#appliedTo = to.appliedTo;
    const unsure = this.#unsure ?? [];
    this.#unsure = undefined;
    for (const each of unsure) this.countApplied(each.to, each.way, each.counts);
  }

  /** Plain bytes of a UTC day so far. */
  usedOn(day: number): number {
    return this.#usage.day === day ? this.#usage.bytes : 0;
  }

  /** What of the day's bytes is known, and up to which entry. */
  get usage(): DailyUsage & { readonly to: bigint } {
    return { ...this.#usage, to: this.#receivedTo };
  }

  /** Adds bytes of a day; those of a day before the newest are past. */
  use(day: number, bytes: number): void {
    if (day > this.#usage.day) this.#usage = { day, bytes };
    else if (day === this.#usage.day) this.#usage = { day, bytes: this.#usage.bytes + bytes };
  }

  /** Adds what an earlier run used, and what came after it; once, however often it is told. */
  useBefore(before: DailyUsage, later: () => readonly DailyUsage[]): void {
    if (this.#usageKnown) return;
    this.#usageKnown = true;
    for (const { day, bytes } of [before, ...later()]) this.use(day, bytes);
  }

  /** Adds an entry that just became durable; called in the order of positions. */
  countReceived(position: bigint, way: Way | undefined, counts: Partial<Counts>): void {
    if (way !== undefined) this.count(way, counts);
    if (position >= this.#receivedTo) this.#receivedTo = position + 1n;
  }

  /** Adds what became of a range up to `to`, but where an earlier run has booked it. */
  countApplied(to: bigint, way: Way, counts: Partial<Counts>): void {
    if (this.#unsure !== undefined) this.#unsure.push({ to, way, counts });
    else if (to > this.#appliedTo) this.count(way, counts);
  }

  /** Adds what has no entry: it is noted apart until rows say so. */
  countAlone(way: Way, counts: Partial<Counts>): void {
    this.count(way, counts);
    const key = keyOf(way);
    if (!this.#alone.has(key) && this.#alone.size >= this.#keysMax) return;
    const counter = this.#alone.get(key) ?? { way, counts: { ...zero } };
    this.#alone.set(key, counter);
    for (const name of countNames) counter.counts[name] += counts[name] ?? 0;
    this.#aloneVersion += 1;
  }

  /** What has no entry and stands in no rows yet, and a number that rises with each change to it. */
  get alone(): { version: number; counters: readonly Counter[] } {
    return { version: this.#aloneVersion, counters: [...this.#alone.values()] };
  }

  /** Puts back what {@link take} gave and could not be written. */
  putBack(taken: TakenCounters): void {
    for (const { way, counts } of taken.counters) this.count(way, counts);
    for (const { way, counts } of taken.alone) {
      const counter = this.#alone.get(keyOf(way)) ?? { way, counts: { ...zero } };
      this.#alone.set(keyOf(way), counter);
      for (const name of countNames) counter.counts[name] += counts[name];
    }
    this.#aloneVersion += 1;
  }

  /**
   * Rows for the table, and the counters begin anew. `applied`: what became of entries below it is in
   * them. The rows say how far they count.
   */
  take(period: { start: string; end: string }, applied: bigint): TakenCounters {
    const counters = [...this.#counters.values()];
    const rows = counters.map(({ way, counts }) => ({
      TimeGenerated: period.end,
      PeriodStart: period.start,
      PeriodEnd: period.end,
      StreamName: way.stream,
      TableName: way.table,
      RuleId: way.rule,
      SourceKind: way.source?.kind ?? '',
      SourceId: way.source?.id ?? '',
      Reason: way.reason ?? '',
      ReceivedTo: Number(this.#receivedTo),
      AppliedTo: Number(applied),
      ...counts,
    }));
    const alone = [...this.#alone.values()];
    this.#counters.clear();
    this.#alone.clear();
    return { rows, counters, alone };
  }
}

/** Bytes of one UTC day, counted in days since 1970. */
export interface DailyUsage {
  readonly day: number;
  readonly bytes: number;
}

export const utcDay = (ms: number): number => Math.floor(ms / 86_400_000);

/** Rows to write, and what they were made of. */
export interface TakenCounters {
  readonly rows: readonly Record<string, unknown>[];
  readonly counters: readonly Counter[];
  readonly alone: readonly Counter[];
}

export interface Counter {
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
