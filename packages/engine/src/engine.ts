import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { invariant } from '@strongroom/base';
import type { AbortSignalLike, Clock } from '@strongroom/base';
import {
  and,
  call,
  column,
  databaseName,
  inList,
  infix,
  print,
  select,
  statementBytesMax,
  systemColumns,
  table as tableRelation,
  text,
} from '@strongroom/sql';
import type { ColumnSchema, Settings, Statement } from '@strongroom/sql';
import { EngineProcess } from './child-process.js';
import type { ExitInfo } from './child-process.js';
import { engineConfiguration, keyName } from './configuration.js';
import { EngineError } from './errors.js';
import {
  copyStatements,
  countChoice,
  erasureTables,
  forgetStatements,
  isErasureTable,
  replaceStatement,
  replacedParts,
  stageStatements,
  stagedDays,
  stagedPositions,
  sweepStatement,
} from './erasure.js';
import type { ErasureChoice, StagedDay, StagedErasure } from './erasure.js';
import { countByPart, inRange, planInsert } from './insert-plan.js';
import type { InsertPlan, InsertTransform, PlannedInsert, PositionRange } from './insert-plan.js';
import { checkKeys, orderedKeys, writeDurably } from './key-check.js';
import type { DiskKeys } from './key-check.js';
import { engineLimits, oldPartsSeconds, purgeMemoryMs, smallResultBytesMax } from './limits.js';
import type { EngineLimits } from './limits.js';
import type {
  WireDamage,
  InsertRequest,
  MemoryUse,
  WireEntry,
  WireInsert,
  WireStatement,
} from './protocol.js';
import { queryRun } from './query-run.js';
import {
  exchangeStatements,
  isRewriteTable,
  rewriteStatements,
  rewriteTableName,
  tableIdentities,
} from './rewrite.js';
import type { QueryRun } from './query-run.js';
import {
  arrivalDay,
  checkColumns,
  checkTable,
  columnDefinition,
  createTable,
  ingestionErrorsTable,
  target,
} from './table.js';
import type { TableDefinition } from './table.js';

export interface EngineOptions {
  /** The workspace's engine directory; made where it does not exist. One process has it at a time. */
  readonly directory: string;
  /** Copied to the child before `openEngine` resolves; the caller may wipe them then. */
  readonly diskKeys: DiskKeys;
  readonly limits?: Partial<EngineLimits>;
  readonly clock: Clock;
  /** Told when the process ends, wanted or not. */
  readonly onExit?: (info: ExitInfo) => void;
}

/** Rows of a range of journal positions that go into one table. All arrived on one day. */
export interface InsertBatch {
  readonly range: PositionRange;
  /** A table that was ensured. */
  readonly table: TableDefinition;
  /** Declared columns of the incoming rows; properties beyond them are dropped. */
  readonly input: readonly ColumnSchema[];
  readonly transform?: InsertTransform;
  /** Written to the dead letters. */
  readonly stream?: string;
  /** In order of their positions, within the range. */
  readonly entries: readonly InsertEntry[];
  /**
   * Puts back what a closed table lost: it stays closed, and no dead letters are written, which were
   * when the entries first came.
   */
  readonly repairs?: true;
}

export interface InsertEntry {
  readonly position: bigint;
  readonly timeReceivedTicks: bigint;
  /** Well-formed JSON objects in UTF-8, one after the other or as one array. */
  readonly ndjson: Uint8Array;
  /** `array` where the objects stand in brackets. Default `ndjson`. */
  readonly shape?: 'array' | 'ndjson';
  /** Speeds up finding rows where each is one line. */
  readonly rowCount?: number;
}

/** What became of a batch's rows; together they are the rows that came. */
export interface InsertOutcome {
  readonly rowsStored: number;
  readonly rowsDeadLettered: number;
  /** Dropped by the transformation. */
  readonly rowsFiltered: number;
}

export interface QueryOptions {
  readonly maxSeconds: number;
  readonly maxMemoryBytes: number;
  /** Rows of the result; more fail with `ENGINE_RESULT_TOO_LARGE`. Default: no limit. */
  readonly maxRows?: number;
  readonly signal?: AbortSignalLike;
  /** Unique among those that run. */
  readonly queryId: string;
  /**
   * What the statement's meaning rests on (its dialect). Set before the session becomes read-only:
   * a statement may then name the same settings with the same values, and no others. Limits win.
   */
  readonly settings?: Settings;
}

/** What a choice of rows comes to. Times are arrivals, in ticks; 0 where there are no rows. */
export interface ChosenRows {
  readonly rows: bigint;
  readonly days: bigint;
  readonly firstTicks: bigint;
  readonly lastTicks: bigint;
}

/** Disk use of one table. */
export interface TableUse {
  readonly name: string;
  readonly rows: bigint;
  readonly bytesOnDisk: bigint;
  readonly parts: number;
}

/**
 * One workspace's ClickHouse, in a process of its own. Inserts run one after the other, queries
 * beside them. When the process dies, calls reject with `ENGINE_GONE` and a new one is opened by
 * whoever holds this.
 */
export class Engine {
  readonly #child: EngineProcess;
  readonly #limits: EngineLimits;
  readonly #clock: Clock;
  /** Tables known to stand, with their columns' names. */
  readonly #tables = new Map<string, Set<string>>();
  /** Columns with a full-text index, by table; fixed when the table is made. */
  readonly #fullText = new Map<string, Set<string>>();
  readonly #damaged = new Map<string, readonly { part: string; problem: string }[]>();
  #ensuring: Promise<unknown> = Promise.resolve();

  /** @internal Use {@link openEngine}. */
  constructor(parts: { child: EngineProcess; limits: EngineLimits; clock: Clock }) {
    this.#child = parts.child;
    this.#limits = parts.limits;
    this.#clock = parts.clock;
  }

  /** The process's id, for operators and tests. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * The tables that stand, with the columns whose full-text index covers every part. A table that
   * does not stand holds no row.
   */
  get storedTables(): ReadonlyMap<string, { readonly fullTextColumns: readonly string[] }> {
    return new Map(
      [...this.#tables.keys()]
        .filter((name) => !isErasureTable(name) && !isRewriteTable(name))
        .map((name) => [name, { fullTextColumns: [...(this.#fullText.get(name) ?? [])] }]),
    );
  }

  /** Makes tables that do not stand yet and adds columns that they lack. Never removes one. */
  async ensureTables(tables: readonly TableDefinition[]): Promise<void> {
    for (const { name } of tables) this.#refuseDamaged(name);
    if (tables.every((table) => this.#stands(table))) return;
    const work = this.#ensuring.then(async () => {
      for (const table of tables) if (!this.#stands(table)) await this.#ensure(table);
    });
    this.#ensuring = work.catch(() => undefined);
    await work;
  }

  #stands(table: TableDefinition): boolean {
    const known = this.#tables.get(table.name);
    return known !== undefined && table.columns.every((each) => known.has(each.name));
  }

  async #ensure(table: TableDefinition): Promise<void> {
    checkTable(table);
    const known = this.#tables.get(table.name);
    if (known === undefined) {
      await this.#run(print(createTable(table, this.#limits.hotDays)), 'make a table', {
        keepsParts: true,
      });
      this.#tables.set(table.name, new Set(table.columns.map((each) => each.name)));
      this.#fullText.set(table.name, new Set(table.fullTextColumns));
      return;
    }
    for (const each of table.columns) {
      if (known.has(each.name)) continue;
      await this.#run(
        print({
          kind: 'addColumn',
          table: target(table.name),
          column: columnDefinition(each),
          ifNotExists: true,
        }),
        'add a column',
        { keepsParts: true },
      );
      known.add(each.name);
    }
  }

  /** @internal Learns which tables stand. Before anything else. */
  async learnTables(): Promise<void> {
    const rows = await this.#rows(
      print(
        select({
          items: [{ value: column('table') }, { value: column('name') }],
          from: tableRelation('columns', 'system'),
          where: infix('=', column('database'), text(databaseName)),
        }),
      ),
    );
    for (const [name, each] of rows) {
      const columns = this.#tables.get(String(name)) ?? new Set();
      this.#tables.set(String(name), columns.add(String(each)));
    }
    const indexes = await this.#rows(
      print(
        select({
          items: [{ value: column('table') }, { value: column('expr') }],
          from: tableRelation('data_skipping_indices', 'system'),
          where: infix(
            'AND',
            infix('=', column('database'), text(databaseName)),
            infix('=', column('type'), text('text')),
          ),
        }),
      ),
    );
    for (const [name, each] of indexes) {
      const known = this.#fullText.get(String(name)) ?? new Set();
      // An index of ours is over one column; its expression is the column's name, quoted or not.
      this.#fullText.set(String(name), known.add(String(each).replaceAll('`', '')));
    }
  }

  /** @internal Closes the tables of damaged parts. After {@link learnTables}. */
  async closeDamaged(damages: readonly WireDamage[]): Promise<void> {
    if (damages.length === 0) return;
    const rows = await this.#rows(
      print(
        select({
          items: [{ value: call('toString', column('uuid')) }, { value: column('name') }],
          from: tableRelation('tables', 'system'),
          where: infix('=', column('database'), text(databaseName)),
        }),
      ),
    );
    const names = new Map(rows.map(([uuid, name]) => [String(uuid), String(name)]));
    for (const { uuid, part, problem } of damages) {
      const table = names.get(uuid) ?? uuid;
      const known = this.#damaged.get(table) ?? [];
      this.#damaged.set(table, [...known, { part, problem }]);
    }
  }

  /** Parts that are not what the manifest says, by table. Such a table is closed: no row is served. */
  get damagedTables(): ReadonlyMap<string, readonly { part: string; problem: string }[]> {
    return this.#damaged;
  }

  /** Opens a closed table again, as it is now: what was lost was put back, or given up by an act. */
  async reopenTable(name: string): Promise<void> {
    for (const [uuid, table] of await this.tableIds()) {
      if (table === name)
        await this.#child.request({ op: 'reopen', uuid }, { what: 'reopen a table' });
    }
    this.#damaged.delete(name);
  }

  #refuseDamaged(name: string): void {
    const [first] = this.#damaged.get(name) ?? [];
    if (first === undefined) return;
    throw new EngineError(
      'ENGINE_DAMAGED',
      `The table ${name} is closed: stored data is damaged (part ${first.part}: ${first.problem})`,
      {
        hint: 'What the journal still holds is put back by itself: `strongroom table rebuild` says how that stands. Else restore the workspace from a backup.',
      },
    );
  }

  /** Drops a table and its rows; no error where it does not exist. */
  async dropTable(name: string): Promise<void> {
    this.#tables.delete(name);
    this.#fullText.delete(name);
    await this.#child.request(
      {
        op: 'run',
        session: 'writer',
        forget: name,
        statement: print({
          kind: 'dropTable',
          table: target(name),
          ifExists: true,
          sync: true,
        }),
      },
      { what: 'drop a table' },
    );
  }

  /**
   * Hands rows to the engine's process, where they wait in memory for the {@link insert} of the very
   * same entries. No table has them by it. Worth it while another insert runs.
   */
  stage(entries: readonly InsertEntry[]): StagedRows {
    return new StagedRows(this.#child, stageRows(this.#child, entries, this.#limits));
  }

  /**
   * Brings a batch into its table: all rows in one part, or none. When it resolves they survive
   * power loss. Rows that do not fit are in `IngestionErrors` then. A range that is in the table
   * already is not inserted twice. After a rejection nothing is known of the batch: compare with
   * `countRange`, and `deleteRange` (there and in `IngestionErrors`) before trying again.
   *
   * `staged`: where the batch's entries were handed over before. Once, and to this process; else they
   * are sent now.
   */
  async insert(batch: InsertBatch, staged?: StagedRows): Promise<InsertOutcome> {
    const first = this.#checkBatch(batch);
    if (first === undefined) return { rowsStored: 0, rowsDeadLettered: 0, rowsFiltered: 0 };
    if (batch.repairs !== true) await this.ensureTables([batch.table]);
    const planned = planInsert({
      table: batch.table,
      input: batch.input,
      ...(batch.transform === undefined ? {} : { transform: batch.transform }),
      stream: batch.stream ?? '',
      range: batch.range,
      timeReceivedTicks: first.timeReceivedTicks,
    });
    const plan = batch.repairs === true ? { ...planned, deadLetters: [] } : planned;
    const rows =
      staged?.takeFrom(this.#child) ?? stageRows(this.#child, batch.entries, this.#limits);
    const { header } = await this.#child.request(insertRequest(batch, rows, plan), {
      what: 'insert a batch',
    });
    invariant(header.is === 'inserted', 'an insert is answered with counts');
    const { received, stored, deadLettered } = header.counts;
    const filtered = received - stored - deadLettered;
    invariant(
      batch.repairs === true ||
        (filtered >= 0 && (filtered === 0 || batch.transform !== undefined)),
      'every row of a batch is accounted for',
    );
    return { rowsStored: stored, rowsDeadLettered: deadLettered, rowsFiltered: filtered };
  }

  #checkBatch(batch: InsertBatch): InsertEntry | undefined {
    const bad = (why: string): never => {
      throw new EngineError('ENGINE_BAD_BATCH', `The batch ${why}.`);
    };
    checkTable(batch.table);
    checkColumns(batch.input, (why) => bad(`has a bad input column: ${why}`));
    let bytes = 0;
    let previous = batch.range.from - 1n;
    const first = batch.entries[0];
    for (const entry of batch.entries) {
      bytes += entry.ndjson.length;
      if (entry.position <= previous || entry.position >= batch.range.to) {
        bad('has a position out of order or out of its range');
      }
      if (
        first !== undefined &&
        arrivalDay(entry.timeReceivedTicks) !== arrivalDay(first.timeReceivedTicks)
      ) {
        bad('spans arrival days');
      }
      previous = entry.position;
    }
    if (bytes > this.#limits.insertBytesMax)
      bad(`has more than ${this.#limits.insertBytesMax} bytes`);
    return first;
  }

  /** Rows of a range of positions in a table; 0 where the table does not exist. */
  async countRange(table: TableDefinition, range: PositionRange): Promise<bigint> {
    await this.ensureTables([table]);
    const rows = await this.#rows(countByPart(table.name, range));
    return rows.reduce((sum, row) => sum + BigInt(String(row[1])), 0n);
  }

  /** Deletes the rows of a range of positions from a table: what an interrupted insert left. */
  async deleteRange(
    table: TableDefinition,
    range: PositionRange,
    options: { readonly repairs?: true } = {},
  ): Promise<void> {
    if (options.repairs !== true) await this.ensureTables([table]);
    await this.#run(
      print({
        kind: 'delete',
        table: target(table.name),
        where: inRange(range),
        settings: { lightweight_deletes_sync: 2, mutations_sync: 2 },
      }),
      'delete a range',
    );
  }

  /** Runs a statement read-only, within limits. See {@link QueryRun}. */
  query(statement: Statement, options: QueryOptions): QueryRun {
    const settings: Settings = {
      ...options.settings,
      ...sessionSettings,
      max_execution_time: options.maxSeconds,
      ...ownSettings(statement, options),
      timeout_overflow_mode: 'throw',
      max_memory_usage: options.maxMemoryBytes,
      max_threads: this.#limits.queryThreads,
      max_result_rows: options.maxRows ?? 0,
      result_overflow_mode: 'throw',
      output_format_json_quote_64bit_integers: 0,
      log_comment: options.queryId,
      allow_ddl: 0,
      readonly: 1,
    };
    return queryRun(
      this.#child,
      {
        op: 'query',
        statement: wire(statement),
        settings: wire(print({ kind: 'set', settings })),
        find: wire(
          print(
            select({
              items: [
                { value: column('query_id') },
                { value: column('read_rows') },
                { value: column('read_bytes') },
                { value: column('peak_memory_usage') },
              ],
              from: tableRelation('processes', 'system'),
              where: infix(
                '=',
                call('arrayElement', column('Settings'), text('log_comment')),
                text(options.queryId),
              ),
              settings: { output_format_json_quote_64bit_integers: 0 },
            }),
          ),
        ),
        kill: print({ kind: 'killQuery', queryId: '' }).text,
      },
      options.signal,
    );
  }

  /**
   * Drops whole arrival days (as {@link arrivalDay} counts them) of a table. The caller has checked
   * locks, holds and the clock, and recorded it.
   */
  async dropPartitions(table: string, days: readonly bigint[]): Promise<void> {
    if (days.length === 0) return;
    await this.#script(
      days.map((day) =>
        print({
          kind: 'alterPartition',
          table: target(table),
          action: 'DROP PARTITION',
          partition: { id: String(day) },
        }),
      ),
      { syncOf: [table], forget: table },
    );
  }

  /** The arrival days that a table has rows of, with their numbers, oldest first. */
  async days(table: string): Promise<readonly StagedDay[]> {
    const rows = await this.#rows(
      print(
        select({
          items: [
            { value: column('partition_id') },
            { value: call('toString', call('sum', column('rows'))) },
          ],
          from: tableRelation('parts', 'system'),
          where: and([
            infix('=', column('database'), text(databaseName)),
            infix('=', column('table'), text(table)),
            column('active'),
          ]),
          groupBy: [column('partition_id')],
        }),
      ),
    );
    return rows
      .map((row) => ({ day: BigInt(String(row[0])), rows: BigInt(String(row[1])) }))
      .filter(({ rows: count }) => count > 0n)
      .sort((a, b) => Number(a.day - b.day));
  }

  /** How many rows a choice has, on how many arrival days, and when they came. Nothing changes. */
  async countChosen(choice: ErasureChoice): Promise<ChosenRows> {
    await this.ensureTables([choice.table]);
    const [row] = await this.#rows(countChoice(choice));
    const [rows, days, first, last] = (row ?? []).map((each) => BigInt(String(each)));
    return { rows: rows ?? 0n, days: days ?? 0n, firstTicks: first ?? 0n, lastTicks: last ?? 0n };
  }

  /**
   * Fixes which rows an erasure takes. Done again it begins anew: rows that {@link eraseDay} took are
   * not found again.
   */
  async stageErasure(id: string, choice: ErasureChoice): Promise<StagedErasure> {
    await this.ensureTables([choice.table]);
    await this.#script(stageStatements(id, choice), { syncOf: [erasureTables(id).staged] });
    return this.stagedErasure(id);
  }

  /** What {@link stageErasure} fixed. */
  async stagedErasure(id: string): Promise<StagedErasure> {
    const days = (await this.#rows(stagedDays(id))).map((row) => ({
      day: BigInt(String(row[0])),
      rows: BigInt(String(row[1])),
    }));
    return { days, rows: days.reduce((sum, { rows }) => sum + rows, 0n) };
  }

  /** The journal positions of an erasure's rows, in order, and the day that each arrived on. */
  async *stagedPositions(
    id: string,
  ): AsyncGenerator<{ readonly position: bigint; readonly day: bigint }> {
    const most = 100_000n;
    for (let above = 0n; ;) {
      const found = (await this.#rows(stagedPositions(id, above, most))).map((row) => ({
        position: BigInt(String(row[0])),
        day: BigInt(String(row[1])),
      }));
      yield* found;
      const last = found.at(-1);
      if (last === undefined || BigInt(found.length) < most) return;
      above = last.position + 1n;
    }
  }

  /**
   * Takes an erasure's rows of one day out of their table: the day is written anew without them. When
   * it resolves that survives power loss. It can be done again.
   */
  async eraseDay(id: string, table: TableDefinition, day: bigint): Promise<void> {
    await this.ensureTables([table]);
    const columns = new Set([...(this.#tables.get(table.name) ?? []), ...systemColumnNames]);
    const { fresh } = erasureTables(id);
    await this.#script(
      [
        ...copyStatements(id, { table: table.name, columns: [...columns], day }),
        replaceStatement(id, { table: table.name, day }),
        print({ kind: 'dropTable', table: target(fresh), ifExists: true, sync: true }),
      ],
      { syncOf: [table.name], forget: table.name },
    );
  }

  /**
   * Removes the files of parts that an erasure has replaced, and what caches hold. False while some are there still, because
   * a query reads them.
   */
  async sweepErased(table: string): Promise<boolean> {
    await this.#script([sweepStatement(table), ...forgetStatements()], { syncOf: [table] });
    const [row] = await this.#rows(replacedParts(table));
    return Number(row?.[0] ?? 0) === 0;
  }

  /** The tables that stand, by the id that their files' paths have. */
  async tableIds(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#rows(tableIdentities());
    return new Map(rows.map(([name, id]) => [String(id), String(name)]));
  }

  /**
   * Writes a table anew, under the current disk key: the same rows, columns, indexes and order. The
   * caller sees to it that nothing is inserted meanwhile. When it resolves that survives power loss; it
   * can be done again. Rejects with `ENGINE_FAILED` where the copy does not have all rows.
   */
  async rewriteTable(name: string): Promise<void> {
    const columns = [...new Set([...(this.#tables.get(name) ?? []), ...systemColumnNames])];
    const days = (await this.days(name)).map(({ day }) => day);
    const fresh = rewriteTableName(name);
    await this.#script(rewriteStatements({ table: name, columns, days }), { syncOf: [fresh] });
    const rows = new Map((await this.#rows(tableIdentities())).map((row) => [row[0], row[2]]));
    if (rows.get(fresh) !== rows.get(name)) {
      throw new EngineError('ENGINE_FAILED', 'A table that was written anew lacks rows.');
    }
    await this.#script(exchangeStatements(name), { syncOf: [name], forget: name });
  }

  /** Removes what a rewrite left that did not come to its end. */
  async dropUnfinishedRewrites(): Promise<void> {
    for (const name of (await this.tableIds()).values()) {
      if (isRewriteTable(name)) await this.dropTable(name);
    }
  }

  /** Forgets an erasure's chosen rows. */
  async dropErasure(id: string): Promise<void> {
    const { staged, fresh } = erasureTables(id);
    for (const name of [fresh, staged]) await this.dropTable(name);
  }

  async #script(
    statements: readonly Statement[],
    options: { syncOf?: readonly string[]; forget?: string } = {},
  ): Promise<void> {
    await this.#child.request(
      {
        op: 'script',
        statements: statements.map(wire),
        ...(options.forget === undefined ? {} : { forget: options.forget }),
        ...(options.syncOf === undefined ? {} : { parts: wire(activeParts(options.syncOf)) }),
      },
      { what: 'erase rows' },
    );
  }

  /** Disk use by table. */
  async diskUsage(): Promise<readonly TableUse[]> {
    const rows = await this.#rows(
      print(
        select({
          items: [
            { value: column('table') },
            { value: call('toString', call('sum', column('rows'))) },
            { value: call('toString', call('sum', column('bytes_on_disk'))) },
            { value: call('count') },
          ],
          from: tableRelation('parts', 'system'),
          where: and([infix('=', column('database'), text(databaseName)), column('active')]),
          groupBy: [column('table')],
        }),
      ),
    );
    return rows.map((row) => ({
      name: String(row[0]),
      rows: BigInt(String(row[1])),
      bytesOnDisk: BigInt(String(row[2])),
      parts: Number(row[3]),
    }));
  }

  /** Memory of the process. */
  async memory(): Promise<MemoryUse> {
    const { header } = await this.#child.request({ op: 'memory' }, { what: 'measure memory' });
    invariant(header.is === 'memory', 'a memory request is answered with memory');
    return header.memory;
  }

  /** Ends queries, waits for the insert that runs, ends the process; after `closeMs` kills it. */
  async close(): Promise<void> {
    await this.#child.close({ clock: this.#clock, closeMs: this.#limits.closeMs });
  }

  async #run(
    statement: Statement,
    what: string,
    options: { keepsParts?: true } = {},
  ): Promise<void> {
    await this.#child.request(
      { op: 'run', session: 'writer', statement: wire(statement), ...options },
      { what },
    );
  }

  async #rows(statement: Statement): Promise<unknown[][]> {
    const { payload } = await this.#child.request(
      { op: 'run', session: 'control', statement: wire(statement) },
      { what: 'read what it holds' },
    );
    invariant(payload.length <= smallResultBytesMax, 'a small result');
    return payload
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown[]);
  }
}

const systemColumnNames = Object.keys(systemColumns);

/** Settings of every session. */
const sessionSettings: Settings = {
  max_query_size: statementBytesMax,
  // Sorts, groups and joins would spill into files in the clear.
  max_bytes_ratio_before_external_group_by: 0,
  max_bytes_ratio_before_external_sort: 0,
  max_bytes_before_external_group_by: 0,
  max_bytes_before_external_sort: 0,
  join_algorithm: 'direct,parallel_hash,hash',
  session_timezone: 'UTC',
  log_queries: 0,
  async_insert: 0,
  // Compiling takes 0.4 s the first time and LLVM's memory; our statements are short.
  compile_expressions: 0,
  compile_aggregate_expressions: 0,
  compile_sort_description: 0,
};

/** Settings of the session that writes: a batch is one block, and so one part, or it is refused. */
const writerSettings: Settings = {
  ...sessionSettings,
  max_insert_threads: 1,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 4_000_000_000,
  max_partitions_per_insert_block: 1,
};

/**
 * The statement's own settings. A read-only session accepts those in its text only where it has
 * them already, so they are set before; none may touch a limit.
 */
function ownSettings(statement: Statement, options: QueryOptions): Settings {
  const own = statement.settings ?? {};
  for (const [name, value] of Object.entries(own)) {
    const isTime = name === 'max_execution_time' && Number(value) <= options.maxSeconds;
    if (!isTime && limitNames.test(name)) {
      throw new EngineError('ENGINE_BAD_OPTION', `A statement may not set ${name}.`);
    }
  }
  return own;
}

const limitNames =
  /^(?:max_(?!(?:subquery_depth|ast_elements|expanded_ast_elements)$)|min_|readonly$|allow_|log_|timeout_|result_|join_algorithm$)/;

const wire = (statement: Statement): WireStatement => ({
  text: statement.text,
  parameters: statement.parameters,
});

const wireInsert = (planned: PlannedInsert): WireInsert => ({
  statement: wire(planned.statement),
  once: wire(planned.once),
  again: wire(planned.again),
  readsLinesToo: planned.readsLinesToo,
});

/** Rows that an engine's process holds for an insert. */
export class StagedRows {
  readonly #child: EngineProcess;
  #id: number | undefined;

  /** @internal Use {@link Engine.stage}. */
  constructor(child: EngineProcess, id: number) {
    this.#child = child;
    this.#id = id;
  }

  /** @internal The rows' id, once, where `child` has them. */
  takeFrom(child: EngineProcess): number | undefined {
    const id = this.#id;
    if (child !== this.#child) return undefined;
    this.#id = undefined;
    return id;
  }

  /** Lets go of rows that are not going to be inserted. */
  discard(): void {
    if (this.#id !== undefined) this.#child.tell({ op: 'unstage', id: this.#id });
    this.#id = undefined;
  }
}

function stageRows(
  child: EngineProcess,
  entries: readonly InsertEntry[],
  limits: EngineLimits,
): number {
  const request = {
    op: 'stage',
    entries: entries.map((entry): WireEntry => ({
      position: String(entry.position),
      timeReceivedTicks: String(entry.timeReceivedTicks),
      size: entry.ndjson.length,
      shape: entry.shape ?? 'ndjson',
      ...(entry.rowCount === undefined ? {} : { rowCount: entry.rowCount }),
    })),
    rowsMax: limits.insertRowsMax,
  } as const;
  return child.hand(
    request,
    entries.map((entry) => entry.ndjson),
  );
}

function insertRequest(
  batch: InsertBatch,
  staged: number,
  plan: InsertPlan,
): Omit<InsertRequest, 'id'> {
  return {
    op: 'insert',
    staged,
    table: batch.table.name,
    deadLetterTable: ingestionErrorsTable.name,
    store: wireInsert(plan.store),
    deadLetters: plan.deadLetters.map(wireInsert),
    found: wire(plan.found),
    foundDeadLetters: wire(plan.foundDeadLetters),
    parts: wire(activeParts([batch.table.name, ingestionErrorsTable.name])),
  };
}

/** Active parts of these tables, or of all. */
const activeParts = (tables?: readonly string[]): Statement =>
  print(
    select({
      items: ['table', 'name', 'path', 'rows', 'level', 'max_block_number'].map((name) => ({
        value: column(name),
      })),
      from: tableRelation('parts', 'system'),
      where: and([
        infix('=', column('database'), text(databaseName)),
        ...(tables === undefined
          ? []
          : [
              inList(
                column('table'),
                tables.map((name) => text(name)),
              ),
            ]),
        column('active'),
      ]),
    }),
  );

/**
 * Opens a workspace's engine. Rejects with `ENGINE_WRONG_KEY` before anything is opened where the
 * keys are not the directory's, with `ENGINE_OPEN_FAILED` where the process cannot open it (another
 * process has it, the disk is full, parts are damaged).
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const limits = engineLimits(options.limits);
  const directory = resolve(options.directory);
  const keys = orderedKeys(options.diskKeys);
  for (const name of ['', 'db', 'hot', 'cold']) {
    await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
  }
  await checkKeys(join(directory, 'keys.json'), options.diskKeys);
  const configurationFile = join(directory, 'engine.xml');
  const keySize = keys[0]?.key.length ?? 0;
  await writeDurably(
    configurationFile,
    engineConfiguration({
      directory,
      keyIds: keys.map(({ id }) => id),
      currentKeyId: options.diskKeys.current,
      keySize,
      limits,
    }),
  );
  const child = new EngineProcess({ directory, onExit: options.onExit });
  const stop = new AbortController();
  const late = options.clock.sleep(limits.openMs, stop.signal).then(
    () => child.kill(),
    () => undefined,
  );
  const engine = new Engine({ child, limits, clock: options.clock });
  try {
    const { header } = await child.request(
      {
        op: 'open',
        path: join(directory, 'db'),
        configurationFile,
        keyNames: keys.map(({ id }) => keyName(id)),
        keySize,
        keyIds: keys.map(({ id }) => id),
        currentKeyId: options.diskKeys.current,
        activeParts: wire(activeParts()),
        writerSettings: wire(print({ kind: 'set', settings: writerSettings })),
        purgeMemory: wire(print({ kind: 'system', action: 'JEMALLOC PURGE' })),
        purgeMemoryMs,
        syncNamesMs: oldPartsSeconds * 250,
        createDatabase: wire(
          print({ kind: 'createDatabase', name: databaseName, ifNotExists: true }),
        ),
        queriesRunningMax: limits.queriesRunningMax,
        queriesWaitingMax: limits.queriesWaitingMax,
      },
      { what: 'open the engine', payload: keys.map(({ key }) => key) },
    );
    invariant(header.is === 'opened', 'an open request is answered with what was found');
    await engine.learnTables();
    await engine.closeDamaged(header.damages);
    // Closed itself, it closes no other table.
    if (!engine.damagedTables.has(ingestionErrorsTable.name)) {
      await engine.ensureTables([ingestionErrorsTable]);
    }
  } catch (cause) {
    child.kill();
    await child.exited;
    throw new EngineError(
      'ENGINE_OPEN_FAILED',
      'The engine process could not open its directory.',
      {
        cause,
      },
    );
  } finally {
    stop.abort(new Error('opened'));
    await late;
  }
  return engine;
}
