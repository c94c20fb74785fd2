import { StrongroomError, hasCode, toBase64 } from '@strongroom/base';
import type { Clock, Sha256 } from '@strongroom/base';
import { readEntryRows, rowCommitments } from '@strongroom/engine';
import type { Engine, EntryRows } from '@strongroom/engine';
import { entryCommitment, partsRoot, shapeDigest } from '@strongroom/ledger';
import type { EntryCommitment } from '@strongroom/ledger';
import type { TableRecord } from '../catalog/catalog.js';
import { errorFields } from '../log.js';
import type { Log } from '../log.js';
import type { AppliedRange, PositionRange, TableLookup } from './applier.js';
import type { EngineHost } from './engine-host.js';
import type { WorkspaceErrorCode } from './errors.js';
import type { WorkspaceLimits } from './limits.js';
import { serviceActor } from './record.js';
import type { LedgerRecordDraft, RecordParts, TableCommitments } from './record.js';
import { tableDefinition } from './table-writer.js';

/**
 * The follower that commits to stored rows: behind the applier, at its own pace, it lets the engine
 * hash what each range put into each table and puts the roots on record.
 *
 * Its cursor is a fold over its own records (the greatest `to`), kept by the applier, so there is
 * nothing to bring in step: after a crash it begins where the newest durable record ends. Ranges
 * follow one another without gaps. A range that holds nothing but `rowsCommitted` records waits for
 * the next one, or each record would need another.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #stop = new AbortController();
  readonly #pending: AppliedRange[] = [];
  readonly #shapesSaid = new Set<string>();
  #committed: bigint;
  #running: Promise<void> | undefined;
  #alarmed = false;
  #wake: (() => void) | undefined;
  /** Acts that change rows, and commitments: one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#committed = options.committed();
  }

  /** Rows of positions below are committed to. */
  get committed(): bigint {
    return this.#committed;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** A range that was applied; in order. */
  note(range: AppliedRange): void {
    this.#pending.push(range);
    this.#wake?.();
  }

  /**
   * Runs what changes stored rows while none are committed to, so that no record speaks of rows
   * that were going. What was applied before is committed to first.
   */
  exclusively<T>(run: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const { clock, limits } = this.#options;
      while (!this.#isReady()) await clock.sleep(limits.retryMsMin, this.#stop.signal);
      await this.#commitAll();
      return run();
    });
  }

  /** Runs with nothing being committed to, erased or expired; what waits for a record goes on waiting. */
  still<T>(run: () => Promise<T>): Promise<T> {
    return this.#inTurn(run);
  }

  /** Commits to what was applied, as far as the engine lets it, and ends. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    this.#wake?.();
    await this.#running;
    await this.#inTurn(() => this.#commitAll()).catch((error: unknown) => {
      // The next start does it.
      this.#options.log.warn('rows were not committed to', errorFields(error));
    });
  }

  async #run(): Promise<void> {
    const { clock, limits, log } = this.#options;
    const { signal } = this.#stop;
    let waitMs = limits.retryMsMin;
    while (!signal.aborted) {
      try {
        if (!this.#isDue()) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
          continue;
        }
        await clock.sleep(limits.commitIntervalMs, signal);
        await this.#inTurn(() => this.#commitAll());
        waitMs = limits.retryMsMin;
      } catch (error) {
        if (signal.aborted || hasCode(error, 'WORKSPACE_CLOSED')) return;
        log.warn('committing to rows failed', errorFields(error));
        // A person should look: until then nothing is committed to, and the journal keeps everything.
        if (hasCode(error, 'ROWS_UNCOMMITTED')) this.#alarmOnce(error.code);
        await clock.sleep(waitMs, signal).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, limits.retryMsMax);
      }
    }
  }

  #alarmOnce(code: string): void {
    if (this.#alarmed) return;
    this.#alarmed = true;
    this.#options.alarm(code);
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** True once every record of earlier runs was applied: until then one may be committed to already. */
  #isReady(): boolean {
    return this.#options.applied() >= this.#options.since;
  }

  /** True where something waits that a record must speak of. */
  #isDue(): boolean {
    return this.#pending.some(hasContent) || (this.#pending[0]?.from ?? 0n) > this.#committed;
  }

  async #commitAll(): Promise<void> {
    if (!this.#isReady()) return;
    // Records of an earlier run that were not applied when this one began have been by now.
    const known = this.#options.committed();
    if (known > this.#committed) this.#committed = known;
    while ((this.#pending[0]?.to ?? this.#committed + 1n) <= this.#committed) this.#pending.shift();
    while (this.#isDue()) {
      const first = this.#pending[0]!;
      if (first.from > this.#committed) await this.#commitUnknown(first.from);
      else await this.#commitPending();
    }
  }

  async #commitPending(): Promise<void> {
    const { limits } = this.#options;
    const taken: AppliedRange[] = [];
    let rows = 0;
    for (const range of this.#pending) {
      const entries = Number(range.to - this.#committed);
      if (
        taken.length > 0 &&
        (rows + range.rows > limits.commitRowsMax || entries > limits.commitEntriesMax)
      ) {
        break;
      }
      rows += range.rows;
      taken.push(range);
    }
    const to = taken.at(-1)!.to;
    await this.#commit({
      range: { from: this.#committed, to },
      tables: new Set(taken.flatMap(({ tables }) => [...tables])),
      records: taken.flatMap(({ records }) => records),
      rowsMax: taken.reduce((most, { rowsMax }) => Math.max(most, rowsMax), 1),
    });
    this.#pending.splice(0, taken.length);
  }

  /** What an earlier run applied and did not come to commit to: which tables is not known any more. */
  async #commitUnknown(end: bigint): Promise<void> {
    const tables = await this.#options.rows.tables();
    const from = this.#committed;
    const records = await this.#options.recordsBetween({ from, to: end });
    while (this.#committed < end) {
      const start = this.#committed;
      const to = start + unknownEntries < end ? start + unknownEntries : end;
      await this.#commit({
        range: { from: start, to },
        tables: new Set(tables),
        records: records.filter((position) => position >= start && position < to),
        rowsMax: undefined,
      });
    }
  }

  async #commit(work: {
    range: PositionRange;
    tables: ReadonlySet<string>;
    records: readonly bigint[];
    rowsMax: number | undefined;
  }): Promise<void> {
    const { range, rowsMax } = work;
    const tables: TableCommitments[] = [];
    for (const name of [...work.tables].sort()) {
      tables.push(...(await this.commitments(name, range, rowsMax)));
    }
    const parts = partsOf(tables);
    await this.#options.append(
      {
        type: 'rowsCommitted',
        actor: serviceActor,
        from: range.from.toString(),
        to: range.to.toString(),
        records: work.records.map(String),
        tables,
      },
      { count: parts.length, root: partsRoot(this.#options.sha256, parts) },
    );
    this.#committed = range.to;
  }

  /** What a table holds of a range now, by arrival day; its shape is on record when it resolves. */
  async commitments(
    name: string,
    range: PositionRange,
    rowsMax?: number,
  ): Promise<TableCommitments[]> {
    const { rows: source, tables, sha256 } = this.#options;
    const table = tables.table(name);
    if (table === undefined) return [];
    const { columns } = table.schema;
    const found = await source.entryRows(table, range, rowsMax);
    if (found.length === 0) return [];
    const shape = toBase64(shapeDigest(sha256, columns));
    if (!this.#shapesSaid.has(shape)) {
      await this.#options.append({
        type: 'tableShape',
        actor: serviceActor,
        shape,
        columns: columns.map((each) => [each.name, each.type] as const),
      });
      this.#shapesSaid.add(shape);
    }
    const days = new Map<bigint, EntryRows[]>();
    for (const each of found) days.set(each.day, [...(days.get(each.day) ?? []), each]);
    return [...days].map(([day, rows]) => ({
      table: name,
      shape,
      day: day.toString(),
      rows: rows.map((each) => [each.position.toString(), each.rows, each.root] as const),
    }));
  }
}

/** Where stored rows are looked at. */
export interface RowSource {
  /** Tables that may hold rows. */
  tables(): Promise<readonly string[]>;
  /** What a table holds of a range, by entry, in the order of positions. */
  entryRows(
    table: TableRecord,
    range: PositionRange,
    rowsMax: number | undefined,
  ): Promise<readonly EntryRows[]>;
}

/** The engine as the committer reads it. */
export const engineRows = (host: EngineHost): RowSource => ({
  tables: () => host.use((engine) => Promise.resolve([...engine.storedTables.keys()])),
  entryRows: (table, range, rowsMax) =>
    host.use(async (engine) => {
      const { name, columns } = table.schema;
      if (!engine.storedTables.has(name)) return [];
      await engine.ensureTables([tableDefinition(table)]);
      const limit = rowsMax === undefined ? {} : { rowsMax };
      return entryRows(engine, { table: name, columns, range, ...limit });
    }),
});

export interface CommitterOptions {
  readonly rows: RowSource;
  readonly tables: TableLookup;
  /** Puts a record into the journal; resolves when it is durable. */
  readonly append: (record: LedgerRecordDraft, parts?: RecordParts) => Promise<unknown>;
  /** Rows below are committed to, by records that were applied. */
  readonly committed: () => bigint;
  /** Positions below are in the tables. */
  readonly applied: () => bigint;
  /** The journal's end when this run began. */
  readonly since: bigint;
  /** Positions of records in a range, but for `rowsCommitted`. */
  readonly recordsBetween: (range: PositionRange) => Promise<readonly bigint[]>;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: WorkspaceLimits;
  /** Told once where rows cannot be committed to. */
  readonly alarm: (code: string) => void;
}

/** Entries looked at at once where it is not known how many rows they have. */
const unknownEntries = 512n;

const hasContent = ({ tables, records }: AppliedRange): boolean =>
  tables.size > 0 || records.length > 0;

/** A record's parts, in the order in which it lists them. Entries without rows have none. */
export const partsOf = (tables: readonly TableCommitments[]): EntryCommitment[] =>
  tables.flatMap(({ table, shape, day, rows }) =>
    rows.flatMap((row) => (row[1] === 0 ? [] : entryCommitment({ table, shape, day, row }))),
  );

let queries = 0;

/** Asks the engine for the roots of a range's entries in one table. */
export async function entryRows(
  engine: Pick<Engine, 'query'>,
  query: Parameters<typeof rowCommitments>[0],
): Promise<EntryRows[]> {
  queries += 1;
  const run = engine.query(rowCommitments(query), {
    maxSeconds: commitSecondsMax,
    maxMemoryBytes: commitMemoryMax,
    queryId: `commitment-${queries}`,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of run) chunks.push(chunk);
  const rows = Buffer.concat(chunks)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => readEntryRows(JSON.parse(line) as unknown[]));
  const rootless = rows.find(({ root }) => root === '');
  if (rootless !== undefined) {
    throw new StrongroomError<WorkspaceErrorCode>(
      'ROWS_UNCOMMITTED',
      `The entry at position ${rootless.position} has more rows than it came with.`,
    );
  }
  return rows;
}

const commitSecondsMax = 300;
const commitMemoryMax = 1024 * 1024 * 1024;
