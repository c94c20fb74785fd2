/** What became of the records of one stream, as `IngestionAccounting` has it. */
export interface StreamAccount {
  readonly stream: string;
  readonly received: number;
  readonly repeated: number;
  readonly stored: number;
  readonly filtered: number;
  readonly setAside: number;
  readonly dropped: number;
  /** Whole batches, that never became records. */
  readonly refused: number;
}

/** Asks for {@link StreamAccount}s, in the order of its members. */
export const accountingQuery = `IngestionAccounting
| summarize Received = sum(RowsReceived), Repeated = sum(RowsRepeated), Stored = sum(RowsStored), Filtered = sum(RowsFiltered), SetAside = sum(RowsDeadLettered), Dropped = sum(RowsDropped), Refused = sum(BatchesRefused) by StreamName
| sort by StreamName asc
| project StreamName, Received, Repeated, Stored, Filtered, SetAside, Dropped, Refused`;

/** Reads the answer's rows; what is no number counts as 0. */
export const readAccounts = (rows: readonly (readonly unknown[])[]): StreamAccount[] =>
  rows.map((row) => {
    const count = (index: number): number => {
      const value = Number(row[index]);
      return Number.isFinite(value) ? value : 0;
    };
    const [stream] = row;
    return {
      stream: typeof stream === 'string' ? stream : '',
      received: count(1),
      repeated: count(2),
      stored: count(3),
      filtered: count(4),
      setAside: count(5),
      dropped: count(6),
      refused: count(7),
    };
  });

/** Records that were received and are not in the tables yet, or whose outcome is not written yet. */
export const underWay = (account: StreamAccount): number =>
  account.received -
  account.repeated -
  account.stored -
  account.filtered -
  account.setAside -
  account.dropped;
