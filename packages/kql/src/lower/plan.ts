/**
 * Plans to SELECTs. A shape is a SELECT in the making: operators are added to it as long as SQL's
 * own order of clauses gives them their meaning, and a new one is put around it when not. Only
 * columns that somebody above asks for are ever made.
 */

import { invariant, unreachable } from '@strongroom/base';
import {
  and,
  array,
  bound,
  call,
  cast,
  column as sqlColumn,
  databaseName,
  infix,
  inList,
  integer,
  lambda,
  nullOf,
  over,
  select,
  storageType,
  systemColumns,
  table,
  text,
  tuple,
  unionAll,
  type Expression as Sql,
  type JoinKind as SqlJoin,
  type OrderItem,
  type Relation as SqlRelation,
  type ScalarType,
  type Select,
  type SelectItem,
  type UnionAll,
} from '@strongroom/sql';
import { problem } from '../diagnostics.js';
import { operatorRow } from '../functions/operator.js';
import { asJson, asText, conversionTo, jsonPath } from '../functions/conversion.js';
import { inlineColumnSizeMax, loweredNodesMax, rangeRowsMax, subqueryDepthMax } from '../limits.js';
import { bagsOfColumns } from '../functions/several.js';
import type { AggregateCall, Definition, JoinKind, Plan, SortKey } from '../plan/plan.js';
import { readByWalk, type Walk } from '../plan/walk.js';
import {
  columnsOf,
  hasNull,
  hasWindow,
  isVolatile,
  reference,
  sizeOf,
  type Bound,
  type BoundCall,
  type Column,
} from '../semantics/bound.js';
import { lowerExpression, type Surroundings } from './expression.js';
import { askIndex } from './full-text.js';
import { withSharedPaths } from './json-paths.js';
import { rowsInOrder, rowsWithin, walkedRows } from './walk.js';

interface Shape {
  readonly from: SqlRelation | undefined;
  readonly arrayJoin: Select['arrayJoin'];
  readonly columns: ReadonlyMap<Column, Sql>;
  /** Columns that are expressions too large, or too fickle, to be written twice. */
  readonly heavy: ReadonlySet<Column>;
  readonly where: readonly Sql[];
  readonly groupBy: readonly Sql[] | undefined;
  /** The order of the rows; printed where a limit or the end of the query makes it matter. */
  readonly order: readonly SortKey[];
  readonly limit: bigint | undefined;
  readonly limitBy: Select['limitBy'];
  /** Window functions stand in the columns: nothing may be filtered or grouped beside them. */
  readonly windowed: boolean;
  /** Columns of the table that is read here, whose full-text index a filter can ask. */
  readonly fullText: ReadonlySet<Column>;
  readonly depth: number;
}

const empty: Shape = {
  from: undefined,
  arrayJoin: undefined,
  columns: new Map(),
  heavy: new Set(),
  where: [],
  groupBy: undefined,
  order: [],
  limit: undefined,
  limitBy: undefined,
  windowed: false,
  fullText: new Set(),
  depth: 0,
};

/** The name under which a caller of `lowerGiven` puts its relation. */
export const givenAlias = 'source';

export class Lowering {
  /** Stored tables that the statement reads. */
  readonly tables = new Set<string>();
  /** Columns that number the rows in their order. */
  private readonly places = new Set<Column>();
  /** Calls that are columns of their own. */
  private readonly bags = new Set<BoundCall>();
  private hidden = 0;
  private nodes = 0;

  // ---- from plans ---------------------------------------------------------------------------

  lower(plan: Plan, needed: ReadonlySet<Column>): Shape {
    switch (plan.kind) {
      case 'scan': {
        this.tables.add(plan.table);
        const columns = new Map<Column, Sql>();
        const where: Sql[] = [];
        for (const each of neededOf(plan, needed)) {
          const stored = sqlColumn(each.stored);
          // `_BilledSize` is stored as an unsigned integer and is a real in KQL.
          const widened =
            Object.hasOwn(systemColumns, each.stored) && each.column.type !== 'datetime';
          const type = each.column.type === 'real' ? 'toFloat64' : 'toInt64';
          columns.set(each.column, widened ? call(type, stored) : stored);
        }
        if (plan.timeRange !== undefined) {
          const time = sqlColumn('TimeGenerated');
          where.push(
            infix('>=', time, integer(plan.timeRange.start)),
            infix('<', time, integer(plan.timeRange.end)),
          );
        }
        return {
          ...empty,
          from: table(plan.table, databaseName),
          columns,
          where,
          fullText: plan.fullText,
        };
      }
      case 'given': {
        const columns = new Map<Column, Sql>();
        for (const each of plan.columns)
          columns.set(each.column, sqlColumn(each.stored, givenAlias));
        return { ...empty, from: table(givenAlias), columns };
      }
      case 'values':
        return this.values(plan, needed);
      case 'walk':
        return this.walk(plan, needed);
      case 'answer':
        return this.answer(plan, needed);
      case 'numbers': {
        const count =
          typeof plan.count === 'bigint'
            ? integer(plan.count)
            : call(
                'assumeNotNull',
                call(
                  'toUInt64',
                  call(
                    'least',
                    call(
                      'greatest',
                      call('ifNull', lowerExpression(plan.count, this.around(empty)), integer(0)),
                      integer(0),
                    ),
                    integer(rangeRowsMax),
                  ),
                ),
              );
        return {
          ...empty,
          from: { kind: 'function', name: 'numbers', args: [count] },
          columns: new Map([[plan.column, call('toInt64', sqlColumn('number'))]]),
        };
      }
      case 'extend':
        return this.extend(plan, needed);
      case 'filter':
        return this.filter(plan, needed);
      case 'aggregate':
        return this.aggregate(plan, needed);
      case 'sort': {
        const below = new Set(needed);
        for (const key of plan.keys) below.add(key.column);
        let shape = this.lower(plan.input, below);
        if (shape.limit !== undefined || shape.limitBy !== undefined)
          shape = this.wrap(shape, below);
        return { ...shape, order: plan.keys };
      }
      case 'limit': {
        let shape = this.lower(plan.input, needed);
        if (shape.limit !== undefined || shape.limitBy !== undefined)
          shape = this.wrap(shape, needed);
        return { ...shape, limit: plan.count };
      }
      case 'sample': {
        let shape = this.lower(plan.input, needed);
        shape = this.wrap({ ...shape, order: [] }, needed);
        const key: Column = { type: 'real', nullable: false, sql: `$sample${this.hidden++}` };
        const columns = new Map(shape.columns).set(key, call('rand'));
        return this.wrap(
          {
            ...shape,
            columns,
            order: [{ column: key, descending: false, nullsFirst: false }],
            limit: plan.count,
          },
          needed,
          false,
        );
      }
      case 'limit-by': {
        const below = new Set(needed);
        for (const key of plan.keys) below.add(key);
        let shape = this.lower(plan.input, below);
        if (shape.limit !== undefined || shape.limitBy !== undefined || shape.groupBy !== undefined)
          shape = this.wrap(shape, below);
        return {
          ...shape,
          limitBy: { count: plan.count, by: plan.keys.map((key) => this.columnSql(shape, key)) },
        };
      }
      case 'join':
        return this.join(plan, needed);
      case 'union':
        return this.union(plan, needed);
      case 'expand':
        return this.expand(plan, needed);
      default:
        return unreachable(plan);
    }
  }

  private values(plan: Plan & { kind: 'values' }, needed: ReadonlySet<Column>): Shape {
    const around = this.around(empty);
    const kept = plan.columns.filter((column) => needed.has(column));
    if (plan.rows.length === 1) {
      const columns = new Map<Column, Sql>();
      plan.columns.forEach((column, index) => {
        const value = plan.rows[0]?.[index];
        if (needed.has(column) && value !== undefined)
          columns.set(column, lowerExpression(value, around));
      });
      return this.wrap({ ...empty, columns }, needed);
    }
    if (plan.rows.length === 0) {
      const columns = new Map(kept.map((column) => [column, emptyValue(column.type)] as const));
      return this.wrap({ ...empty, columns, where: [infix('=', integer(1), integer(0))] }, needed);
    }
    // One array a column, joined: the engine reads each column as one constant.
    const items: SelectItem[] = [];
    const columns = new Map<Column, Sql>();
    plan.columns.forEach((column, index) => {
      if (!needed.has(column)) return;
      const cells = plan.rows.map((row) => {
        const cell = row[index];
        return cell === undefined ? emptyValue(column.type) : lowerExpression(cell, around);
      });
      items.push({
        value: cast(array(...cells), `Array(${storageType[column.type]})`),
        alias: column.sql,
      });
      columns.set(column, sqlColumn(column.sql));
    });
    if (items.length === 0) {
      items.push({ value: call('range', integer(plan.rows.length)), alias: '$row' });
    }
    const one: SqlRelation = {
      kind: 'query',
      query: select({ items: [{ value: integer(1), alias: '$one' }] }),
    };
    return { ...empty, from: one, arrayJoin: { left: false, items }, columns };
  }

  /** Rows as an array in their order, walked through, and made rows again. */
  private walk(plan: Walk, needed: ReadonlySet<Column>): Shape {
    const { passed, row } = readByWalk(plan, needed);
    const below = new Set([...row, ...plan.keys]);
    const place: Column = { type: 'long', nullable: false, sql: `$place${this.hidden++}` };
    let shape = this.wrap(this.lower(plan.input, below), below);
    const number = over(call('row_number'), { orderBy: this.orderItems(shape) });
    shape = { ...shape, columns: new Map(shape.columns).set(place, number), windowed: true };
    shape = this.wrap(shape, new Set([...below, place]));
    const fresh = (of: string): string => `${of}${this.hidden++}`;
    const rows = fresh('$rows');
    const around = this.around(shape);
    const ordered = rowsInOrder(
      this.columnSql(shape, place),
      row.map((column) => this.columnSql(shape, column)),
      fresh,
    );
    const parts = select({
      items: [{ value: ordered, alias: rows }],
      ...(shape.from === undefined ? {} : { from: shape.from }),
      ...(plan.keys.length === 0
        ? {}
        : { groupBy: plan.keys.map((column) => this.columnSql(shape, column)) }),
    });
    const { value, out } = walkedRows(plan, sqlColumn(rows), {
      row,
      passed,
      lower: (bound, column) => lowerExpression(bound, { ...around, column }),
      fresh,
    });
    const outgoing = fresh('$out');
    const walked = select({
      items: [{ value, alias: outgoing }],
      from: { kind: 'query', query: parts },
      where: infix('=', rowsWithin(sqlColumn(rows)), integer(0)),
    });
    const joined = fresh('$walked');
    const part = (index: number): Sql => call('tupleElement', sqlColumn(joined), integer(index));
    const rank: Column = { type: 'long', nullable: false, sql: fresh('$rank') };
    const columns = new Map<Column, Sql>([
      [place, part(out.place)],
      [rank, part(out.rank)],
    ]);
    for (const [column, index] of out.columns)
      if (needed.has(column)) columns.set(column, part(index));
    if (plan.matchId !== undefined) columns.set(plan.matchId, part(out.match));
    const order = [place, rank].map((column) => ({ column, descending: false, nullsFirst: false }));
    const arrayJoin = { left: false, items: [{ value: sqlColumn(outgoing), alias: joined }] };
    const from: SqlRelation = { kind: 'query', query: walked };
    return this.wrap({ ...empty, from, arrayJoin, columns, order, depth: shape.depth + 2 }, needed);
  }

  /** The rows as one parameter, read by the engine into columns of their types. */
  private answer(plan: Plan & { kind: 'answer' }, needed: ReadonlySet<Column>): Shape {
    const row = `$answer${this.hidden++}`;
    const rows = bound(JSON.stringify(plan.rows));
    const from: SqlRelation = {
      kind: 'query',
      query: select({ items: [{ value: integer(1), alias: '$one' }] }),
    };
    const value = call('JSONExtract', rows, text('Array(Array(Nullable(String)))'));
    const columns = new Map<Column, Sql>();
    plan.columns.forEach((column, index) => {
      if (!needed.has(column)) return;
      const cell = call('arrayElement', sqlColumn(row), integer(index + 1));
      const isText = column.type === 'string' || column.type === 'dynamic';
      columns.set(
        column,
        isText ? call('ifNull', cell, text('')) : cast(cell, storageType[column.type]),
      );
    });
    const arrayJoin = { left: false, items: [{ value, alias: row }] };
    return this.wrap({ ...empty, from, arrayJoin, columns }, needed);
  }

  private extend(plan: Plan & { kind: 'extend' }, needed: ReadonlySet<Column>): Shape {
    const made = plan.definitions.filter((each) => needed.has(each.column));
    // Nobody asks for any of them: a union over everything has such a plan for each table.
    if (made.length === 0) return this.lower(plan.input, needed);
    const inside = this.hoisted(
      plan.input,
      made.map((each) => each.value),
    );
    if (inside !== undefined) {
      const definitions = made.map((each, index) => ({
        column: each.column,
        value: inside.values[index] ?? each.value,
      }));
      return this.extend({ kind: 'extend', input: inside.input, definitions }, needed);
    }
    const apart = this.bagsApart(plan.input, made);
    if (apart !== undefined) return this.extend(apart, needed);
    const below = new Set(needed);
    for (const each of made) below.delete(each.column);
    for (const each of made) columnsOf(each.value, below);
    let shape = this.lower(plan.input, below);
    const windows = made.some((each) => hasWindow(each.value));
    if (
      shape.limit !== undefined ||
      shape.limitBy !== undefined ||
      (windows && (shape.windowed || shape.groupBy !== undefined)) ||
      this.readsHeavy(
        shape,
        made.map((each) => each.value),
      )
    ) {
      shape = this.wrap(shape, below);
    }
    const around = this.around(shape);
    const columns = new Map(shape.columns);
    const heavy = new Set(shape.heavy);
    for (const each of made) {
      columns.set(each.column, lowerExpression(each.value, around));
      if (this.isHeavy(each.value)) heavy.add(each.column);
      if (each.value.kind === 'constant') heavy.delete(each.column);
    }
    let order = shape.order;
    if (windows && order.length > 0 && !this.isPlace(order)) {
      // Among rows of equal keys, the order that these windows saw is the one for all that follows.
      const place = this.column('place', 'long');
      this.places.add(place);
      columns.set(
        place,
        call('toInt64', over(call('row_number'), { orderBy: this.orderItems(shape) })),
      );
      heavy.add(place);
      order = [{ column: place, descending: false, nullsFirst: false }];
    }
    return { ...shape, columns, heavy, order, windowed: shape.windowed || windows };
  }

  /**
   * A bag of which several columns are made (`(a, b) = series_fit_line(x)`) as a column of the input:
   * written out for each, a long formula would cost the engine more to read than to compute.
   */
  private bagsApart(
    input: Plan,
    made: readonly Definition[],
  ): (Plan & { kind: 'extend' }) | undefined {
    const uses = new Map<BoundCall, number>();
    for (const { value } of made) {
      const bag = bagOf(value);
      if (bag !== undefined) uses.set(bag, (uses.get(bag) ?? 0) + 1);
    }
    const columns = new Map<BoundCall, Column>();
    for (const [bag, count] of uses) {
      if (count > 1) columns.set(bag, this.column('bag', bag.type));
    }
    if (columns.size === 0) return undefined;
    for (const bag of columns.keys()) this.bags.add(bag);
    const instead = (value: Bound): Bound => {
      if (value.kind !== 'call') return value;
      const column = columns.get(value);
      return column === undefined ? { ...value, args: value.args.map(instead) } : reference(column);
    };
    const definitions = [...columns].map(([value, column]) => ({ column, value }));
    return {
      kind: 'extend',
      input: { kind: 'extend', input, definitions },
      definitions: made.map((each) => ({ ...each, value: instead(each.value) })),
    };
  }

  private isPlace(order: readonly SortKey[]): boolean {
    const last = order.at(-1);
    return last !== undefined && this.places.has(last.column);
  }

  private column(name: string, type: ScalarType): Column {
    return { type, nullable: false, sql: `$${name}${this.hidden++}` };
  }

  /**
   * Windows in what a window looks at, as columns of the input: SQL knows no windows inside of
   * windows. `all` takes those out too that stand alone, for clauses that know none.
   */
  private hoisted(
    input: Plan,
    values: readonly Bound[],
    all = false,
  ): { input: Plan; values: Bound[] } | undefined {
    if (!values.some(hasWindow)) return undefined;
    const definitions = new Map<Bound, Column>();
    const take = (value: Bound): Bound => {
      let column = definitions.get(value);
      if (column === undefined) {
        column = { type: value.type, nullable: value.nullable, sql: `$window${this.hidden++}` };
        definitions.set(value, column);
      }
      return reference(column);
    };
    const restarts = new Map<Bound, Bound>();
    const flat = (value: Bound): Bound => {
      if (value.kind !== 'call' || !hasWindow(value)) return value;
      if (!value.window) return { ...value, args: value.args.map(flat) };
      const restart = value.restartAt === undefined ? undefined : value.args[value.restartAt];
      if (restart === undefined) {
        if (!value.args.some(hasWindow)) return value;
        return { ...value, args: value.args.map((arg) => (hasWindow(arg) ? take(arg) : arg)) };
      }
      const row = operatorRow('$restarts');
      const group: Bound = restarts.get(restart) ?? {
        ...value,
        name: row.name,
        args: [restart],
        type: 'long',
        nullable: false,
        lower: row.sql,
        restartAt: undefined,
      };
      restarts.set(restart, group);
      const args = value.args
        .filter((_, index) => index !== value.restartAt)
        .map((arg) => (hasWindow(arg) ? take(arg) : arg));
      const part = take(group);
      invariant(part.kind === 'column', 'what is taken out is a column');
      return { ...value, args, restartAt: undefined, parts: [...(value.parts ?? []), part.column] };
    };
    const flattened = values.map((value) => (all && hasWindow(value) ? take(value) : flat(value)));
    if (definitions.size === 0) return undefined;
    return {
      input: {
        kind: 'extend',
        input,
        definitions: [...definitions].map(([value, column]) => ({ column, value })),
      },
      values: flattened,
    };
  }

  /** Too large to be written again where it is used. */
  private isHeavy(value: Bound): boolean {
    if (isVolatile(value) || hasWindow(value)) return true;
    if (value.kind === 'call' && this.bags.has(value)) return true;
    // One match, whatever the number of its groups.
    if (value.kind === 'call' && (value.name === '$groups' || value.name === '$pairs')) return true;
    const nested =
      value.kind === 'scalar' ||
      value.kind === 'member' ||
      (value.kind === 'call' &&
        value.args.some((arg) => arg.kind === 'scalar' || arg.kind === 'member'));
    return nested || sizeOf(value) > inlineColumnSizeMax;
  }

  private readsHeavy(shape: Shape, values: readonly Bound[]): boolean {
    if (shape.heavy.size === 0) return false;
    const read = new Set<Column>();
    for (const value of values) columnsOf(value, read);
    for (const column of read) if (shape.heavy.has(column)) return true;
    return false;
  }

  private filter(plan: Plan & { kind: 'filter' }, needed: ReadonlySet<Column>): Shape {
    const inside = this.hoisted(plan.input, [plan.predicate], true);
    if (inside !== undefined) {
      const predicate = inside.values[0] ?? plan.predicate;
      return this.filter({ kind: 'filter', input: inside.input, predicate }, needed);
    }
    const below = new Set(needed);
    columnsOf(plan.predicate, below);
    let shape = this.lower(plan.input, below);
    if (
      shape.limit !== undefined ||
      shape.limitBy !== undefined ||
      shape.groupBy !== undefined ||
      shape.windowed ||
      this.readsHeavy(shape, [plan.predicate])
    ) {
      shape = this.wrap(shape, below);
    }
    const predicate = plan.predicate;
    const terms =
      predicate.kind === 'call' && predicate.name === 'and' ? predicate.args : [predicate];
    const around = this.around(shape);
    const where = terms.map((term) =>
      lowerExpression(term, around, false, (test, exact) =>
        askIndex(test, shape.fullText, (column) => this.columnSql(shape, column), exact),
      ),
    );
    return { ...shape, where: [...shape.where, ...where] };
  }

  private aggregate(plan: Plan & { kind: 'aggregate' }, needed: ReadonlySet<Column>): Shape {
    const outside = this.windowsOut(plan);
    if (outside !== undefined) return this.aggregate(outside, needed);
    const below = new Set<Column>();
    for (const key of plan.keys) columnsOf(key.value, below);
    const aggregates = plan.aggregates.filter((each) =>
      aggregateColumns(each).some((column) => needed.has(column)),
    );
    for (const each of aggregates) {
      if (each.kind === 'call') for (const arg of each.args) columnsOf(arg, below);
      else {
        columnsOf(each.by, below);
        for (const value of each.values)
          if (needed.has(value.column)) columnsOf(value.value, below);
      }
    }
    let shape = this.lower(plan.input, below);
    const ordered =
      aggregates.some((each) => each.kind === 'call' && each.row.ordered === true) &&
      shape.order.length > 0;
    let order: Sql | undefined;
    if (ordered) {
      // The place of each row in the order, since the engine aggregates in many threads.
      const place: Column = { type: 'long', nullable: false, sql: `$place${this.hidden++}` };
      if (
        shape.limit !== undefined ||
        shape.limitBy !== undefined ||
        shape.windowed ||
        shape.groupBy !== undefined
      )
        shape = this.wrap(shape, below);
      const value = over(call('row_number'), { orderBy: this.orderItems(shape) });
      shape = { ...shape, columns: new Map(shape.columns).set(place, value), windowed: true };
      shape = this.wrap(shape, new Set([...below, place]));
      order = sqlColumn(place.sql);
    } else if (
      shape.limit !== undefined ||
      shape.limitBy !== undefined ||
      shape.windowed ||
      shape.groupBy !== undefined ||
      shape.heavy.size > 0
    ) {
      shape = this.wrap(shape, below);
    }
    const around = this.around(shape);
    const columns = new Map<Column, Sql>();
    const groupBy: Sql[] = [];
    for (const key of plan.keys) {
      const value = lowerExpression(key.value, around);
      // A constant key would be read as a column's position.
      if (key.value.kind !== 'constant') groupBy.push(value);
      columns.set(key.column, value);
    }
    for (const each of aggregates) this.aggregateCall(each, around, order, needed, columns);
    const time = this.extremeTime(plan, aggregates, shape, needed);
    if (time !== undefined && shape.from !== undefined) {
      // The latest times first, of two narrow columns; whole rows only where a time is one of them.
      const times = select({
        items: [{ value: call(time.name, time.column) }],
        from: shape.from,
        ...(shape.where.length === 0 ? {} : { where: and(shape.where) }),
        ...(groupBy.length === 0 ? {} : { groupBy }),
      });
      shape = { ...shape, where: [...shape.where, inList(time.column, times)] };
    }
    if (plan.keys.length > 0 && groupBy.length === 0) {
      // Only constant keys: one group, and none where there are no rows. The engine folds constants,
      // `materialize(1)` among them, and would give one row for no rows; this it cannot fold.
      groupBy.push(infix('<', call('rowNumberInBlock'), integer(0)));
    }
    const grouped: Shape = { ...shape, columns, heavy: new Set(), groupBy, order: [] };
    return grouped;
  }

  /**
   * The time that a table is ordered by, where only rows are wanted in which it is greatest or least
   * (`arg_max(TimeGenerated, *)`): such rows are few, and the engine finds a time by its key.
   */
  private extremeTime(
    plan: Plan & { kind: 'aggregate' },
    aggregates: readonly AggregateCall[],
    shape: Shape,
    needed: ReadonlySet<Column>,
  ): { name: 'max' | 'min'; column: Sql } | undefined {
    const [first] = aggregates;
    if (first?.kind !== 'extreme' || first.by.kind !== 'column') return undefined;
    const { direction, by } = first;
    const isSame = (each: AggregateCall): boolean =>
      each.kind === 'extreme' &&
      each.direction === direction &&
      each.by.kind === 'column' &&
      each.by.column === by.column;
    const wanted = aggregates.flatMap((each) =>
      each.kind === 'extreme' ? each.values.filter(({ column }) => needed.has(column)) : [],
    );
    const column = this.columnSql(shape, by.column);
    return aggregates.every(isSame) &&
      shape.from?.kind === 'table' &&
      shape.from.database === databaseName &&
      shape.arrayJoin === undefined &&
      column.kind === 'column' &&
      column.name === 'TimeGenerated' &&
      wanted.some((each) => !hasNull(each.value.type)) &&
      plan.keys.every((key) => isPlain(key.value)) &&
      isPlainlyRead(plan.input)
      ? { name: direction, column }
      : undefined;
  }

  /** An aggregate whose keys and arguments have no windows. */
  private windowsOut(
    plan: Plan & { kind: 'aggregate' },
  ): (Plan & { kind: 'aggregate' }) | undefined {
    const of = (each: AggregateCall): readonly Bound[] =>
      each.kind === 'call' ? each.args : [each.by, ...each.values.map((value) => value.value)];
    const inside = this.hoisted(
      plan.input,
      [...plan.keys.map((each) => each.value), ...plan.aggregates.flatMap(of)],
      true,
    );
    if (inside === undefined) return undefined;
    const values = [...inside.values];
    const next = (): Bound => {
      const value = values.shift();
      invariant(value !== undefined, 'each value comes back');
      return value;
    };
    const keys = plan.keys.map((each) => ({ ...each, value: next() }));
    const aggregates = plan.aggregates.map((each): AggregateCall => {
      if (each.kind === 'call') return { ...each, args: each.args.map(next) };
      const by = next();
      return { ...each, by, values: each.values.map((value) => ({ ...value, value: next() })) };
    });
    return { ...plan, input: inside.input, keys, aggregates };
  }

  private aggregateCall(
    each: AggregateCall,
    around: Surroundings,
    order: Sql | undefined,
    needed: ReadonlySet<Column>,
    into: Map<Column, Sql>,
  ): void {
    if (each.kind === 'extreme') {
      const by = lowerExpression(each.by, around);
      const wanted = each.values.filter((value) => needed.has(value.column));
      if (each.byColumn !== undefined && needed.has(each.byColumn)) {
        const name = each.direction === 'max' ? 'max' : 'min';
        into.set(each.byColumn, each.by.nullable ? call(`${name}OrNull`, by) : call(name, by));
      }
      if (wanted.length === 0) return;
      const [only, another] = wanted;
      // The engine's own aggregate would leave nulls out, and tell ties of two columns apart.
      if (
        only !== undefined &&
        another === undefined &&
        !only.value.nullable &&
        !each.by.nullable
      ) {
        const name = each.direction === 'max' ? 'argMax' : 'argMin';
        into.set(only.column, call(name, lowerExpression(only.value, around), by));
        return;
      }
      const row = tuple(...wanted.map((value) => lowerExpression(value.value, around)));
      const name = each.direction === 'max' ? 'argMax' : 'argMin';
      const picked = each.by.nullable
        ? call(`${name}If`, row, call('assumeNotNull', by), call('isNotNull', by))
        : call(name, row, by);
      wanted.forEach((value, index) => {
        into.set(value.column, call('tupleElement', picked, integer(index + 1)));
      });
      return;
    }
    const conditions = new Set(each.row.conditions ?? []);
    const args = each.args.map((arg, index) =>
      lowerExpression(arg, around, !conditions.has(index)),
    );
    const context = { args: each.args, order };
    const several = each.row.several?.(each.args);
    each.columns.forEach((column, index) => {
      if (!needed.has(column)) return;
      into.set(column, (several?.[index]?.sql ?? each.row.sql)(args, context));
    });
  }

  private join(plan: Plan & { kind: 'join' }, needed: ReadonlySet<Column>): Shape {
    const left = new Set<Column>();
    const right = new Set<Column>();
    for (const each of plan.columns)
      if (needed.has(each.column)) (each.side === 'left' ? left : right).add(each.of);
    for (const key of plan.keys) {
      columnsOf(key.left, left);
      columnsOf(key.right, right);
    }
    const leftKeys = plan.keys.map((key) => this.joinKey(key.left, left));
    const rightKeys = plan.keys.map((key) => this.joinKey(key.right, right));
    const outerLeft = plan.join === 'rightouter' || plan.join === 'fullouter';
    const outerRight = plan.join === 'leftouter' || plan.join === 'fullouter';
    const leftShape = this.side(plan.left, left, leftKeys, outerLeft);
    const rightShape = this.side(plan.right, right, rightKeys, outerRight);
    // The engine wants names for the sides, though no column needs them.
    const number = this.hidden++;
    const on = plan.keys.map((_, index) =>
      infix(
        '=',
        sqlColumn((leftKeys[index] as KeyColumn).column.sql),
        sqlColumn((rightKeys[index] as KeyColumn).column.sql),
      ),
    );
    const from: SqlRelation = {
      kind: 'join',
      join: plan.keys.length === 0 ? 'CROSS JOIN' : sqlJoins[plan.join],
      left: { kind: 'query', query: leftShape.query, alias: `$left${number}` },
      right: { kind: 'query', query: rightShape.query, alias: `$right${number}` },
      ...(plan.keys.length === 0 ? {} : { on: and(on) }),
    };
    const columns = new Map<Column, Sql>();
    for (const each of plan.columns)
      if (needed.has(each.column)) columns.set(each.column, sqlColumn(each.of.sql));
    return { ...empty, from, columns, depth: Math.max(leftShape.depth, rightShape.depth) };
  }

  private joinKey(value: Bound, needed: Set<Column>): KeyColumn {
    if (value.kind === 'column') {
      needed.add(value.column);
      return { column: value.column, value: undefined };
    }
    return {
      column: { type: value.type, nullable: value.nullable, sql: `$key${this.hidden++}` },
      value,
    };
  }

  /** One side of a join as a sub-query. On the side that may be missing, nothing is without a null. */
  private side(
    plan: Plan,
    needed: ReadonlySet<Column>,
    keys: readonly KeyColumn[],
    missing: boolean,
  ): { query: Select | UnionAll; depth: number } {
    let shape = this.lower(plan, needed);
    const computed = keys.filter((key) => key.value !== undefined);
    if (computed.length > 0) {
      if (
        shape.limit !== undefined ||
        shape.limitBy !== undefined ||
        this.readsHeavy(
          shape,
          computed.map((key) => key.value as Bound),
        )
      )
        shape = this.wrap(shape, needed);
      const columns = new Map(shape.columns);
      const around = this.around(shape);
      for (const key of computed)
        columns.set(key.column, lowerExpression(key.value as Bound, around));
      shape = { ...shape, columns };
    }
    const wanted = new Set([...needed, ...computed.map((key) => key.column)]);
    if (missing) {
      // In a sub-query of its own, so that filters on stored columns do not see the widened ones.
      // What may be null in KQL need not be so in the engine (`coalesce(x, 1)`); stored columns are.
      const stored = shape.from?.kind === 'table';
      const isStored = (column: Column): boolean =>
        stored && column.nullable && shape.columns.get(column)?.kind === 'column';
      const widened = [...wanted].filter((column) => hasNull(column.type) && !isStored(column));
      if (widened.length > 0) {
        shape = this.wrap(shape, wanted);
        const columns = new Map(shape.columns);
        for (const column of widened)
          columns.set(column, call('toNullable', this.columnSql(shape, column)));
        shape = { ...shape, columns };
      }
    }
    return {
      query: this.toQuery(shape, wanted, shape.limit !== undefined || shape.limitBy !== undefined),
      depth: shape.depth + 1,
    };
  }

  private union(plan: Plan & { kind: 'union' }, needed: ReadonlySet<Column>): Shape {
    const kept: { column: Column; index: number }[] = [];
    for (const [index, column] of plan.columns.entries())
      if (needed.has(column)) kept.push({ column, index });
    const keptColumns = new Set(kept.map((each) => each.column));
    let depth = 0;
    const queries: Select[] = [];
    for (const input of plan.inputs) {
      const below = new Set<Column>();
      const values = kept.map(({ index }) => input.at?.(index) ?? (input.values[index] as Bound));
      for (const value of values) columnsOf(value, below);
      let shape = this.lower(input.plan, below);
      if (
        shape.limit !== undefined ||
        shape.limitBy !== undefined ||
        this.readsHeavy(
          shape,
          values.filter((value) => value.kind !== 'column'),
        )
      ) {
        shape = this.wrap(shape, below);
      }
      const around = this.around(shape);
      const columns = new Map<Column, Sql>();
      kept.forEach(({ column }, place) => {
        const value = values[place] as Bound;
        const sql = lowerExpression(value, around);
        // A column has its type already; what is computed gets it, so that all inputs agree.
        const isTyped = value.kind !== 'call' || !hasNull(value.type);
        columns.set(column, isTyped ? sql : cast(sql, storageType[column.type]));
      });
      const query = this.toQuery({ ...shape, columns, order: [] }, keptColumns, false);
      if (query.kind === 'select') queries.push(query);
      else queries.push(...query.queries);
      depth = Math.max(depth, shape.depth);
    }
    const columns = new Map(kept.map((each) => [each.column, sqlColumn(each.column.sql)] as const));
    return {
      ...empty,
      from: {
        kind: 'query',
        query: queries.length === 1 ? (queries[0] as Select) : unionAll(queries),
      },
      columns,
      depth: depth + 1,
    };
  }

  private expand(plan: Plan & { kind: 'expand' }, needed: ReadonlySet<Column>): Shape {
    const below = new Set(needed);
    for (const item of plan.items) {
      below.delete(item.column);
      columnsOf(item.value, below);
    }
    if (plan.index !== undefined) below.delete(plan.index);
    let shape = this.lower(plan.input, below);
    shape = this.wrap(shape, below);
    const around = this.around(shape);
    const arrays = plan.items.map((item) => {
      const value = lowerExpression(item.value, around);
      // What a path leads to is taken out once; a text as a whole is read where it lies.
      const path = jsonPath(value, item.value);
      const taken = path.keys.length > 0;
      const json = taken ? value : path.root;
      const is = (kind: 'Array' | 'Object'): Sql =>
        taken
          ? call('startsWith', json, text(kind === 'Array' ? '[' : '{'))
          : infix('=', call('JSONType', json), text(kind));
      const bagMembers = call('JSONExtractKeysAndValuesRaw', json);
      const key = call('toJSONString', call('tupleElement', sqlColumn('m'), integer(1)));
      const element = call('tupleElement', sqlColumn('m'), integer(2));
      const pair = item.bagsAsPairs
        ? call('concat', text('['), key, text(','), element, text(']'))
        : call('concat', text('{'), key, text(':'), element, text('}'));
      return call(
        'multiIf',
        inList(value, [text(''), text('null')]),
        array(text('')),
        is('Array'),
        call('JSONExtractArrayRaw', json),
        is('Object'),
        call('arrayMap', lambda(['m'], pair), bagMembers),
        array(value),
      );
    });
    // Arrays side by side: the shorter are filled with nulls. A null gives one row, an empty array none.
    const named = plan.items.map((item, index) => ({
      item,
      name: `$array${this.hidden++}`,
      value: arrays[index] as Sql,
    }));
    const inner = new Map(shape.columns);
    const holders = named.map(
      (each) => ({ type: 'dynamic', nullable: false, sql: each.name }) as const satisfies Column,
    );
    named.forEach((each, index) => inner.set(holders[index] as Column, each.value));
    shape = this.wrap({ ...shape, columns: inner }, new Set([...below, ...holders]));
    const lengths = named.map((each) => call('length', sqlColumn(each.name)));
    let length: Sql = lengths.length === 1 ? (lengths[0] as Sql) : call('greatest', ...lengths);
    if (plan.limit !== undefined) length = call('least', length, integer(plan.limit));
    const asTheyAre = named.length === 1 && plan.limit === undefined;
    const elements: SelectItem[] = named.map((each) => ({
      value: asTheyAre
        ? sqlColumn(each.name)
        : call('arrayResize', sqlColumn(each.name), length, text('')),
      alias: each.item.column.sql,
    }));
    if (plan.index !== undefined)
      elements.push({ value: call('range', length), alias: plan.index.sql });
    const columns = new Map(shape.columns);
    for (const each of named) {
      columns.delete(holders.find((holder) => holder.sql === each.name) as Column);
      const json = sqlColumn(each.item.column.sql);
      const of: Bound = {
        kind: 'column',
        column: { type: 'dynamic', nullable: false, sql: each.item.column.sql },
        type: 'dynamic',
        nullable: false,
      };
      columns.set(
        each.item.column,
        each.item.element === 'dynamic' ? json : elementAs(json, of, each.item.element),
      );
    }
    if (plan.index !== undefined)
      columns.set(plan.index, call('toInt64', sqlColumn(plan.index.sql)));
    const heavy = new Set(shape.heavy);
    return this.wrap(
      { ...shape, arrayJoin: { left: false, items: elements }, columns, heavy },
      needed,
    );
  }

  // ---- shapes -------------------------------------------------------------------------------

  private columnSql(shape: Shape, column: Column): Sql {
    const value = shape.columns.get(column);
    if (value === undefined) throw new Error(`BUG: the column ${column.sql} is not made here`);
    return value;
  }

  around(shape: Shape): Surroundings {
    return {
      spend: () => {
        if (++this.nodes > loweredNodesMax) {
          problem('KQL_LIMIT', `The statement has more than ${loweredNodesMax} parts`, {
            start: 0,
            end: 0,
          });
        }
      },
      column: (column) => this.columnSql(shape, column),
      query: (plan, column, value) => this.subSelect(plan, column, value),
      window: (value, bound, args) => this.window(shape, value, bound, args),
    };
  }

  private subSelect(plan: Plan, column: Column, value: (column: Sql) => Sql): Select {
    let shape = this.lower(plan, new Set([column]));
    // The value goes over finished rows: it may be an aggregate.
    if (value(sqlColumn('x')).kind !== 'column') shape = this.wrap(shape, new Set([column]));
    const made: Column = { type: column.type, nullable: column.nullable, sql: column.sql };
    const query = this.toQuery(
      { ...shape, columns: new Map(shape.columns).set(made, value(this.columnSql(shape, column))) },
      new Set([made]),
      shape.limit !== undefined || shape.limitBy !== undefined,
    );
    return query.kind === 'select'
      ? query
      : select({ items: [{ value: { kind: 'star' } }], from: { kind: 'query', query } });
  }

  private window(shape: Shape, value: Sql, bound: BoundCall, args: readonly Sql[]): Sql {
    const orderBy = this.orderItems(shape);
    const partitionBy = (bound.parts ?? []).map((part) => this.columnSql(shape, part));
    if (bound.name === 'row_number') {
      const number = call('toInt64', over(value, { partitionBy, orderBy }));
      return args[0] === undefined ? number : infix('-', infix('+', number, args[0]), integer(1));
    }
    const end = bound.name === 'prev' || bound.name === 'next' ? 'UNBOUNDED FOLLOWING' : 0;
    const made = over(value, {
      partitionBy,
      orderBy,
      frame: { unit: 'ROWS', start: 'UNBOUNDED PRECEDING', end },
    });
    if (bound.name === '$restarts') return call('toInt64', made);
    // A sum of nulls alone is 0, as the sum of nothing.
    return bound.name === 'row_cumsum' && bound.nullable ? call('ifNull', made, integer(0)) : made;
  }

  private orderItems(shape: Shape): OrderItem[] {
    return shape.order.map((key) => ({
      value: this.columnSql(shape, key.column),
      direction: key.descending ? 'DESC' : 'ASC',
      nulls: key.nullsFirst ? 'FIRST' : 'LAST',
    }));
  }

  /** A SELECT of the shape, as a relation of which a new shape reads. */
  private wrap(shape: Shape, needed: ReadonlySet<Column>, keepsOrder = true): Shape {
    const depth = shape.depth + 1;
    if (depth > subqueryDepthMax) {
      problem('KQL_LIMIT', `The query nests more than ${subqueryDepthMax} sub-queries`, {
        start: 0,
        end: 0,
      });
    }
    const wanted = new Set(needed);
    const order = keepsOrder ? shape.order : [];
    for (const key of order) wanted.add(key.column);
    const query = this.toQuery(
      shape,
      wanted,
      shape.limit !== undefined || shape.limitBy !== undefined,
    );
    const columns = new Map<Column, Sql>();
    for (const column of wanted)
      if (shape.columns.has(column)) columns.set(column, sqlColumn(column.sql));
    return { ...empty, from: { kind: 'query', query }, columns, order, depth };
  }

  /** The SELECT itself. `ordered` prints the order: without a limit it means nothing in a sub-query. */
  toQuery(shape: Shape, needed: ReadonlySet<Column>, ordered: boolean): Select | UnionAll {
    const items: SelectItem[] = [];
    for (const [column, value] of shape.columns) {
      if (!needed.has(column)) continue;
      const same =
        value.kind === 'column' && value.name === column.sql && value.relation === undefined;
      items.push(same ? { value } : { value, alias: column.sql });
    }
    return this.build(shape, items, ordered);
  }

  build(shape: Shape, items: readonly SelectItem[], ordered: boolean): Select | UnionAll {
    const only =
      shape.from?.kind === 'query' && isPassThrough(shape, items) ? shape.from.query : undefined;
    if (only !== undefined && (!ordered || shape.order.length === 0) && shape.limit === undefined)
      return only;
    return withSharedPaths({
      kind: 'select',
      items: items.length === 0 ? [{ value: integer(1), alias: '$none' }] : items,
      ...(shape.from === undefined ? {} : { from: shape.from }),
      ...(shape.arrayJoin === undefined ? {} : { arrayJoin: shape.arrayJoin }),
      ...(shape.where.length === 0 ? {} : { where: and(shape.where) }),
      ...(shape.groupBy === undefined || shape.groupBy.length === 0
        ? {}
        : { groupBy: shape.groupBy }),
      ...(ordered && shape.order.length > 0 ? { orderBy: this.orderItems(shape) } : {}),
      ...(shape.limitBy === undefined ? {} : { limitBy: shape.limitBy }),
      ...(shape.limit === undefined ? {} : { limit: shape.limit }),
    });
  }

  /** A transformation's SELECT over the relation `source`, each column under the name given. */
  given(plan: Plan, columns: readonly Column[], names: readonly string[]): Select {
    const shape = this.lower(plan, new Set(columns));
    return select({
      items: columns.map((column, index) => ({
        value: this.columnSql(shape, column),
        alias: names[index] ?? column.sql,
      })),
      ...(shape.from === undefined ? {} : { from: shape.from }),
      ...(shape.where.length === 0 ? {} : { where: and(shape.where) }),
    });
  }

  /** The whole query: rows in their order, at most `rows` of them, each column made by `encode`. */
  result(
    plan: Plan,
    columns: readonly Column[],
    rows: bigint,
    encode: (value: Sql, column: Column) => Sql,
  ): Select | UnionAll {
    let shape = this.lower(plan, new Set(columns));
    if (shape.limit === undefined || shape.limit > rows) {
      if (shape.limit !== undefined && shape.limit > rows) shape = { ...shape, limit: rows };
      else shape = { ...shape, limit: rows };
    }
    const items = columns.map((column): SelectItem => ({
      value: encode(this.columnSql(shape, column), column),
    }));
    return this.build(shape, items, true);
  }
}

/** The call whose part a value is: `series_stats(x).min`, converted or not. */
function bagOf(value: Bound): BoundCall | undefined {
  if (value.kind !== 'call') return undefined;
  const [first] = value.args;
  if (first?.kind !== 'call') return undefined;
  if (value.name === '$index') return bagsOfColumns.has(first.name) ? first : undefined;
  return value.args.length === 1 ? bagOf(first) : undefined;
}

type Scan = Plan & { kind: 'scan' };

/** Those of a table's columns that somebody asks for, in the table's order. */
function neededOf(scan: Scan, needed: ReadonlySet<Column>): Scan['columns'] {
  const { places, columns } = scan;
  if (places === undefined || needed.size * 4 > columns.length)
    return columns.filter((each) => needed.has(each.column));
  const found: number[] = [];
  for (const column of needed) {
    const place = places.get(column);
    if (place !== undefined) found.push(place);
  }
  return found.sort((a, b) => a - b).flatMap((place) => columns[place] ?? []);
}

/** Gives the same for the same row each time, and reads nothing else. */
function isPlain(value: Bound): boolean {
  if (value.kind === 'call') return !isVolatile(value) && value.args.every(isPlain);
  return value.kind === 'constant' || value.kind === 'column';
}

/** Rows of one stored table, which filters leave: read again, they are the same. */
function isPlainlyRead(plan: Plan): boolean {
  switch (plan.kind) {
    case 'scan':
      return true;
    case 'filter':
      return isPlain(plan.predicate) && isPlainlyRead(plan.input);
    case 'extend':
      return plan.definitions.every((each) => isPlain(each.value)) && isPlainlyRead(plan.input);
    case 'sort':
      return isPlainlyRead(plan.input);
    default:
      return false;
  }
}

interface KeyColumn {
  readonly column: Column;
  readonly value: Bound | undefined;
}

const sqlJoins: Readonly<Record<JoinKind, SqlJoin>> = {
  inner: 'INNER JOIN',
  leftouter: 'LEFT JOIN',
  rightouter: 'RIGHT JOIN',
  fullouter: 'FULL JOIN',
  leftsemi: 'LEFT SEMI JOIN',
  rightsemi: 'RIGHT SEMI JOIN',
  leftanti: 'LEFT ANTI JOIN',
  rightanti: 'RIGHT ANTI JOIN',
  cross: 'CROSS JOIN',
};

export function aggregateColumns(each: AggregateCall): readonly Column[] {
  if (each.kind === 'call') return each.columns;
  const values = each.values.map((value) => value.column);
  return each.byColumn === undefined ? values : [each.byColumn, ...values];
}

function isPassThrough(shape: Shape, items: readonly SelectItem[]): boolean {
  if (
    shape.where.length > 0 ||
    shape.arrayJoin !== undefined ||
    shape.groupBy !== undefined ||
    shape.limitBy !== undefined
  )
    return false;
  if (shape.from?.kind !== 'query' || shape.from.query.kind !== 'select') return false;
  const inner = shape.from.query.items;
  return (
    items.length === inner.length &&
    items.every((item, index) => {
      const below = inner[index];
      const name = below?.alias ?? (below?.value.kind === 'column' ? below.value.name : undefined);
      return item.alias === undefined && item.value.kind === 'column' && item.value.name === name;
    })
  );
}

function emptyValue(type: ScalarType): Sql {
  return hasNull(type) ? nullOf(storageType[type]) : text('');
}

/** One element of an expanded array as a type: what does not fit is null. */
function elementAs(json: Sql, of: Bound, type: ScalarType): Sql {
  if (type === 'string') return asText(json, of);
  if (type === 'dynamic') return asJson(json, of);
  const engine =
    type === 'long' ? 'Int64' : type === 'int' ? 'Int32' : type === 'real' ? 'Float64' : undefined;
  if (engine !== undefined) return call('JSONExtract', json, text(`Nullable(${engine})`));
  return lowerTyped(json, of, type);
}

function lowerTyped(json: Sql, of: Bound, type: ScalarType): Sql {
  const row = conversionTo(type);
  return row.sql([json], { args: [of], type, exact: true });
}
