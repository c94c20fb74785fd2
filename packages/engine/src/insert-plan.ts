/**
 * The statements of one insert. Rows come from the child as `_received` (the line, and the four
 * system columns), one row a JSON object:
 *
 *   _received -> parsed (texts of the values) -> cast -> [transformed] -> fitted -> the table
 *                                                 |                         |
 *                                                 +--- what did not cast ---+--> IngestionErrors
 *
 * Kept as flat as it can be: analysing a statement costs time for each column at each level, and
 * each batch is analysed anew. Names that begin with `#` are ours; no user's column can have one.
 */

import { invariant } from '@strongroom/base';
import {
  and,
  between,
  call,
  cast,
  column,
  databaseName,
  infix,
  integer,
  nullOf,
  print,
  select,
  systemColumns,
  table as tableRelation,
  text,
  ticksPerDay,
  tuple,
} from '@strongroom/sql';
import type {
  ColumnSchema,
  Expression,
  Query,
  Relation,
  ScalarType,
  Select,
  SelectItem,
  Statement,
} from '@strongroom/sql';
import { castText, hasShape } from './casts.js';
import { EngineError } from './errors.js';
import type { DeadLetterReason, TableDefinition } from './table.js';
import { arrivalDay, deadLetterColumns, ingestionErrorsTable, target } from './table.js';

/** A transformation: one row of `source` in, at most one row out. */
export interface InsertTransform {
  /** Reads the relation (table) named `source`, whose columns are the batch's `input`. */
  readonly select: Query;
  /** Name of that relation in `select`. Default `source`. */
  readonly source?: string;
  /** What it yields, in storage types. */
  readonly columns: readonly ColumnSchema[];
}

/** Journal positions, half-open: `from` is in it, `to` is not. */
export interface PositionRange {
  readonly from: bigint;
  readonly to: bigint;
}

export interface InsertShape {
  readonly table: TableDefinition;
  readonly input: readonly ColumnSchema[];
  readonly transform?: InsertTransform;
  readonly stream: string;
  readonly range: PositionRange;
  readonly timeReceivedTicks: bigint;
}

/** An insert, and the settings that come before it. */
export interface PlannedInsert {
  readonly statement: Statement;
  /** With the range as ClickHouse's token: does nothing where it knows the token. */
  readonly once: Statement;
  /** Without: where it knows the token, but the rows were deleted since. */
  readonly again: Statement;
  /** Joins the rows with themselves. */
  readonly readsLinesToo: boolean;
}

export interface InsertPlan {
  readonly store: PlannedInsert;
  readonly deadLetters: readonly PlannedInsert[];
  readonly found: Statement;
  readonly foundDeadLetters: Statement;
}

/** Names under which the child registers the rows; `linesName` only for the join. */
export const rowsName = '_received';
export const linesName = '_received_lines';

const systemNames = Object.keys(systemColumns);
const line = column('#line');
const systemItems: readonly SelectItem[] = systemNames.map((name) => ({ value: column(name) }));

const arrow = (name: string): Relation => ({
  kind: 'function',
  name: 'arrowstream',
  args: [text(name)],
});
const from = (query: Query, alias?: string): Relation =>
  alias === undefined ? { kind: 'query', query } : { kind: 'query', query, alias };
const notNull = (value: Expression): Expression => call('assumeNotNull', value);
const isNull = (value: Expression): Expression => call('isNull', value);
const isNotNull = (value: Expression): Expression => call('isNotNull', value);
const not = (value: Expression): Expression => call('not', value);

/** A name inside a type's text. */
const quoted = (name: string): string => `\`${name.replace(/[\\`]/g, '\\$&')}\``;

/**
 * Columns parsed by one pass over the line. A tuple's type is text in the analyser, so that one
 * tuple of 200 columns costs more than parsing each line a few times.
 */
const columnsParsedAtOnce = 48;
/** From so many dynamic columns on, the line is taken apart once for all of them. */
const dynamicColumnsApart = 3;

/** The incoming rows parsed: how to say the text, and the value, of each column. */
class Incoming {
  readonly rows: Select;
  readonly columns: readonly ColumnSchema[];
  readonly #places = new Map<string, Expression>();
  readonly #dynamicsApart: boolean;

  constructor(columns: readonly ColumnSchema[]) {
    this.columns = columns;
    const texts = columns.filter((each) => each.type !== 'dynamic');
    const rawLine = notNull(column('line'));
    const items: { value: Expression; alias: string }[] = [
      { value: rawLine, alias: '#line' },
      ...systemNames.map((name) => ({ value: notNull(column(name)), alias: name })),
    ];
    for (let start = 0; start < texts.length; start += columnsParsedAtOnce) {
      const together = texts.slice(start, start + columnsParsedAtOnce);
      const alias = `#json${start / columnsParsedAtOnce}`;
      const type = together.map(
        (each) => `${quoted(each.name)} ${each.type === 'string' ? 'String' : 'Nullable(String)'}`,
      );
      items.push({
        value: call('JSONExtract', rawLine, text(`Tuple(${type.join(', ')})`)),
        alias,
      });
      together.forEach((each, index) =>
        this.#places.set(each.name, call('tupleElement', column(alias), integer(index + 1))),
      );
    }
    this.#dynamicsApart = columns.length - texts.length >= dynamicColumnsApart;
    if (this.#dynamicsApart) {
      items.push({
        value: cast(call('JSONExtractKeysAndValuesRaw', rawLine), 'Map(String, String)'),
        alias: '#raw',
      });
    }
    const parsed = select({ items, from: arrow(rowsName) });
    // Each cast is said once and used by name: the conditions below speak of values again and again.
    this.rows = select({
      items: [
        ...items.map((item) => ({ value: column(item.alias) })),
        ...this.cast.map((each) => ({
          value: castText(this.text(each), each.type),
          alias: `#value ${each.name}`,
        })),
      ],
      from: from(parsed),
    });
  }

  /** Text of a column's value as it came: null where there is none (a string's: empty). */
  text(each: ColumnSchema): Expression {
    const place = this.#places.get(each.name);
    invariant(place !== undefined, 'a parsed column');
    return place;
  }

  /** The value in its declared type, null where it does not cast. */
  value(each: ColumnSchema): Expression {
    if (each.type === 'string') return this.text(each);
    return each.type === 'dynamic' ? this.json(each) : column(`#value ${each.name}`);
  }

  /** JSON text as it came, so that "5" and 5 stay apart; JSON's null is no value. */
  json(each: ColumnSchema): Expression {
    const raw = this.#dynamicsApart
      ? call('arrayElement', column('#raw'), text(each.name))
      : call('JSONExtractRaw', line, text(each.name));
    return call('if', infix('=', raw, text('null')), text(''), raw);
  }

  /** Columns whose values may fail to cast. */
  get cast(): readonly ColumnSchema[] {
    return this.columns.filter((each) => each.type !== 'string' && each.type !== 'dynamic');
  }

  failed(each: ColumnSchema): Expression {
    return infix('AND', isNotNull(this.text(each)), isNull(this.value(each)));
  }

  /** A line that is no JSON parses to nothing: where a value was found, it is some. */
  get wellFormed(): Expression {
    const anchor = this.cast.find((each) => each.name === 'TimeGenerated') ?? this.cast[0];
    const valid = call('isValidJSON', line);
    return infix(
      'AND',
      call('startsWith', call('trimLeft', line), text('{')),
      anchor === undefined ? valid : call('if', isNull(this.text(anchor)), valid, integer(1)),
    );
  }

  /** Every value of the row is what its column was declared to be. */
  get good(): Expression {
    return and([this.wellFormed, ...this.cast.map((each) => not(this.failed(each)))]);
  }
}

/** Rows in the table's types. */
interface Fitted {
  readonly rows: Relation;
  /** Rows that are still to be kept out for what did not cast as it came. */
  readonly where: readonly Expression[];
  /** The table's columns that rows have, with their values. `TimeGenerated` may be null. */
  readonly items: readonly { readonly column: ColumnSchema; readonly value: Expression }[];
  readonly time: Expression;
  /** Changes of type that may fail, each with the text that it starts from. */
  readonly changes: readonly Change[];
}

interface Change {
  readonly column: ColumnSchema;
  readonly text: Expression;
  readonly value: Expression;
}

const lost = (change: Change): Expression =>
  infix('AND', isNotNull(change.text), isNull(change.value));

const isFit = (fitted: Fitted): Expression =>
  and([isNotNull(fitted.time), ...fitted.changes.map((change) => not(lost(change)))]);

function fit(shape: InsertShape, incoming: Incoming): Fitted {
  const { transform, input, table } = shape;
  const declared = transform === undefined ? input : transform.columns;
  const have = new Map(declared.map((each) => [each.name, each]));
  const items: { column: ColumnSchema; value: Expression }[] = [];
  const changes: Change[] = [];
  let time: Expression | undefined;
  for (const wanted of table.columns) {
    const given = have.get(wanted.name);
    if (given === undefined) continue;
    const { value, text: from } =
      transform === undefined
        ? incomingAs(incoming, given, wanted.type)
        : valueAs(column(given.name), given.type, wanted.type);
    if (from !== undefined) changes.push({ column: wanted, text: from, value });
    if (wanted.name === 'TimeGenerated') time = value;
    items.push({ column: wanted, value });
  }
  // Rows that can have no time are all dead letters.
  time ??= nullOf('Nullable(Int64)');
  if (transform === undefined) {
    return { rows: from(incoming.rows), where: [incoming.good], items, time, changes };
  }
  const good = select({
    items: [
      ...systemItems,
      ...input.map((each) => ({ value: incoming.value(each), alias: each.name })),
    ],
    from: from(incoming.rows),
    where: incoming.good,
  });
  const rows = from(overSource(transform.select, transform.source ?? 'source', good));
  return { rows, where: [], items, time, changes };
}

/** Puts rows in the place of the source and hands the system columns through every level. */
export function overSource(query: Query, source: string, rows: Select): Select {
  const bad = (why: string): never => {
    throw new EngineError('ENGINE_BAD_TRANSFORM', `The transformation ${why}.`);
  };
  if (query.kind === 'union') return bad('has a union');
  if (query.distinct === true || query.groupBy !== undefined || query.having !== undefined) {
    return bad('makes one row of several');
  }
  if (query.arrayJoin !== undefined) return bad('makes several rows of one');
  if (query.limit !== undefined || query.offset !== undefined || query.limitBy !== undefined) {
    return bad('depends on which rows came together');
  }
  const inner = query.from;
  if (inner === undefined) return bad('does not read its source');
  let relation: Relation;
  if (inner.kind === 'table' && inner.name === source && inner.database === undefined) {
    relation = from(rows, inner.alias ?? source);
  } else if (inner.kind === 'query') {
    relation = from(overSource(inner.query, source, rows), inner.alias);
  } else return bad('reads something other than its source');
  const hasAll = query.items.some((item) => item.value.kind === 'star');
  const given = new Set(
    query.items.map(
      (item) => item.alias ?? (item.value.kind === 'column' ? item.value.name : undefined),
    ),
  );
  const passed = hasAll
    ? []
    : systemNames.filter((name) => !given.has(name)).map((name) => ({ value: column(name) }));
  return { ...query, items: [...query.items, ...passed], from: relation };
}

/** A value in another type. With a text where the change may fail: null out of text is lost. */
interface Converted {
  readonly value: Expression;
  readonly text?: Expression;
}

/** Where a column's value goes as it came, it goes as the text that came, not as one made of it. */
function incomingAs(incoming: Incoming, given: ColumnSchema, wanted: ScalarType): Converted {
  if (given.type !== wanted) {
    if (wanted === 'dynamic') return { value: incoming.json(given) };
    if (given.type !== 'dynamic') {
      if (wanted === 'string') return { value: call('ifNull', incoming.text(given), text('')) };
      if (given.type === 'datetime' || given.type === 'timespan') {
        const came = incoming.text(given);
        return { value: castText(came, wanted), text: came };
      }
    }
  }
  return valueAs(incoming.value(given), given.type, wanted);
}

/** A value of one type as another; through its text as strictly as a value that just came. */
function valueAs(value: Expression, type: ScalarType, wanted: ScalarType): Converted {
  if (type === wanted) return { value };
  const through = (came: Expression): Converted => ({
    value: castText(came, wanted),
    text: came,
  });
  switch (type) {
    case 'datetime':
    case 'timespan':
      // Ticks pass for no number: without a text of its own such a value fits nothing else.
      return { value: nullOf(), text: call('toString', value) };
    case 'dynamic': {
      // A JSON string is the text in it.
      const plain = call(
        'if',
        call('startsWith', value, text('"')),
        call('JSONExtractString', value),
        value,
      );
      return wanted === 'string' ? { value: plain } : through(call('nullIf', plain, text('')));
    }
    case 'string':
      return wanted === 'dynamic'
        ? { value: call('if', call('empty', value), text(''), call('toJSONString', value)) }
        : through(call('nullIf', value, text('')));
    case 'int':
    case 'long':
      if (wanted === 'long') return { value: call('toInt64', value) };
      if (wanted === 'real') return { value: call('toFloat64', value) };
      break;
    case 'bool':
    case 'decimal':
    case 'guid':
    case 'real':
      break;
  }
  const asText = call('toString', value);
  if (wanted === 'string') return { value: call('ifNull', asText, text('')) };
  if (wanted === 'dynamic') {
    const json = type === 'guid' ? call('toJSONString', asText) : asText;
    return { value: call('ifNull', json, text('')) };
  }
  return through(asText);
}

/** The condition that a row came from `range`. Positions only: a delete's text stays in the clear. */
export function inRange(range: PositionRange): Expression {
  return and([
    infix('>=', column('_Position'), integer(range.from)),
    infix('<', column('_Position'), integer(range.to)),
  ]);
}

/** Rows of a range in a table, by part; the arrival day narrows it to one partition. */
export function countByPart(
  name: string,
  range: PositionRange,
  options: { day?: bigint; tableName?: string } = {},
): Statement {
  const conditions = [inRange(range)];
  if (options.day !== undefined) {
    const start = options.day * ticksPerDay;
    conditions.push(
      between(column('_TimeReceived'), integer(start), integer(start + ticksPerDay - 1n)),
    );
  }
  if (options.tableName !== undefined) {
    conditions.push(infix('=', column('TableName'), text(options.tableName)));
  }
  return print(
    select({
      items: [{ value: column('_part') }, { value: call('count') }],
      from: tableRelation(name, databaseName),
      where: and(conditions),
      groupBy: [column('_part')],
    }),
  );
}

/** Plans the insert of a batch. Throws `ENGINE_BAD_TRANSFORM`. */
export function planInsert(shape: InsertShape): InsertPlan {
  const token = `${shape.table.name}:${shape.range.from}-${shape.range.to}`;
  const incoming = new Incoming(shape.input);
  const fitted = fit(shape, incoming);
  const names = [...fitted.items.map((item) => item.column.name), ...systemNames];
  const storing = select({
    // By place, without aliases: those would hide the columns that the conditions speak of.
    items: [
      ...fitted.items.map(({ column: each, value }) => ({
        value: each.name === 'TimeGenerated' ? notNull(value) : value,
      })),
      ...systemItems,
    ],
    from: fitted.rows,
    where: and([...fitted.where, isFit(fitted)]),
  });
  const day = arrivalDay(shape.timeReceivedTicks);
  return {
    store: plannedInsert(shape.table.name, names, storing, { token, readsLinesToo: false }),
    deadLetters: planDeadLetters(shape, incoming, fitted, token),
    found: countByPart(shape.table.name, shape.range, { day }),
    foundDeadLetters: countByPart(ingestionErrorsTable.name, shape.range, {
      day,
      tableName: shape.table.name,
    }),
  };
}

function plannedInsert(
  table: string,
  columns: readonly string[],
  query: Query,
  options: { token: string; readsLinesToo: boolean },
): PlannedInsert {
  return {
    statement: print({ kind: 'insertSelect', table: target(table), columns, query }),
    once: print({
      kind: 'set',
      settings: { insert_deduplicate: 1, insert_deduplication_token: options.token },
    }),
    again: print({
      kind: 'set',
      settings: { insert_deduplicate: 0, insert_deduplication_token: '' },
    }),
    readsLinesToo: options.readsLinesToo,
  };
}

/** Numbers beyond what a JSON parser holds fail the whole line, though they are JSON. */
const hugeNumber = '[:,\\[]\\s*-?(?:[0-9]{19,}|[0-9.]+[eE][+]?[0-9]{3,})';

const reason = (value: DeadLetterReason): Expression => text(value);
/** Why a text did not cast. */
const misfit = (value: Expression, type: ColumnSchema['type']): Expression =>
  call('if', hasShape(value, type), reason('VALUE_OUT_OF_RANGE'), reason('WRONG_TYPE'));
const missingTime = tuple(reason('MISSING_TIME'), text('TimeGenerated'));
const noReason = tuple(text(''), text(''));

function planDeadLetters(
  shape: InsertShape,
  incoming: Incoming,
  fitted: Fitted,
  token: string,
): readonly PlannedInsert[] {
  const names = [...deadLetterColumns, ...systemNames];
  const why = column('#why');
  const letter = (rows: Relation): Select =>
    select({
      items: [
        { value: column('_TimeReceived') },
        { value: text(shape.table.name) },
        { value: text(shape.stream) },
        { value: call('tupleElement', why, integer(1)) },
        { value: call('tupleElement', why, integer(2)) },
        { value: call('replaceRegexpOne', line, text('\\s+$'), text('')) },
        ...systemItems,
      ],
      from: rows,
    });
  const insert = (rows: Relation, suffix: string, readsLinesToo: boolean): PlannedInsert =>
    plannedInsert(ingestionErrorsTable.name, names, letter(rows), {
      token: `${token}:${suffix}`,
      readsLinesToo,
    });

  // What did not cast as it came: the first such column says why.
  const whys: Expression[] = [
    not(incoming.wellFormed),
    tuple(
      call(
        'if',
        call('match', line, text(hugeNumber)),
        reason('VALUE_OUT_OF_RANGE'),
        reason('MALFORMED_JSON'),
      ),
      text(''),
    ),
  ];
  for (const each of incoming.cast) {
    whys.push(
      incoming.failed(each),
      tuple(misfit(incoming.text(each), each.type), text(each.name)),
    );
  }
  // Without a transformation what comes after casting is known of the same row.
  const direct = shape.transform === undefined;
  const after = [
    ...fitted.changes.flatMap((change) => [
      lost(change),
      tuple(misfit(change.text, change.column.type), text(change.column.name)),
    ]),
    isNull(fitted.time),
    missingTime,
    noReason,
  ];
  const uncast = select({
    items: [
      { value: line },
      ...systemItems,
      { value: call('multiIf', ...whys, ...(direct ? after : [noReason])), alias: '#why' },
    ],
    from: from(incoming.rows),
    where: direct ? not(infix('AND', incoming.good, isFit(fitted))) : not(incoming.good),
  });
  const first = insert(from(uncast), 'uncast', false);
  if (direct) return [first];

  // What cast, and does not fit after the transformation. Its line comes from a second reading.
  const unfit = select({
    items: [...systemItems, { value: call('multiIf', ...after), alias: '#why' }],
    from: fitted.rows,
    where: not(isFit(fitted)),
  });
  const lines = select({
    items: [
      { value: notNull(column('line')), alias: '#line' },
      { value: notNull(column('_Position')), alias: '#position' },
      { value: notNull(column('_Row')), alias: '#row' },
    ],
    from: arrow(linesName),
  });
  const joined: Relation = {
    kind: 'join',
    join: 'INNER JOIN',
    left: from(lines, 'lines'),
    right: from(unfit, 'unfit'),
    on: infix(
      'AND',
      infix('=', column('#position', 'lines'), column('_Position', 'unfit')),
      infix('=', column('#row', 'lines'), column('_Row', 'unfit')),
    ),
  };
  return [first, insert(joined, 'unfit', true)];
}
