/**
 * The statements of one insert. Rows come from the child as `_received` (the line, and the four
 * system columns), one row a JSON object:
 *
 *   _received -> texts (one parse of the line) -> typed -> [transformed] -> fitted -> the table
 *                                                 |                          |
 *                                                 +--- what did not cast ----+--> IngestionErrors
 *
 * Names that begin with `#` are ours; no column of a user can have one.
 */

import {
  and,
  between,
  call,
  column,
  databaseName,
  infix,
  integer,
  or,
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
  Select,
  SelectItem,
  Settings,
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

export interface InsertPlan {
  readonly store: Statement;
  readonly storeAgain: Statement;
  readonly deadLetters: readonly {
    readonly statement: Statement;
    readonly again: Statement;
    readonly readsLinesToo: boolean;
  }[];
  readonly found: Statement;
  readonly foundDeadLetters: Statement;
}

/** Names under which the child registers the rows; `linesName` only for the join. */
export const rowsName = '_received';
export const linesName = '_received_lines';

const systemNames = Object.keys(systemColumns);
const line = column('#line');
const json = column('#json');
const systemItems: readonly SelectItem[] = systemNames.map((name) => ({ value: column(name) }));

const arrow = (name: string): Relation => ({
  kind: 'function',
  name: 'arrowstream',
  args: [text(name)],
});
const from = (query: Query, alias?: string): Relation =>
  alias === undefined ? { kind: 'query', query } : { kind: 'query', query, alias };
const notNull = (value: Expression): Expression => call('assumeNotNull', value);

/** A name inside a type's text. Names were checked when the table or stream was. */
const quoted = (name: string): string => `\`${name.replace(/[\\`]/g, '\\$&')}\``;

/** The line parsed once: a tuple with the text of each value, null where there is none. */
function parsed(input: readonly ColumnSchema[]): Select {
  const type = `Tuple(${input.map((each) => `${quoted(each.name)} Nullable(String)`).join(', ')})`;
  const source = select({
    items: [
      { value: notNull(column('line')), alias: '#line' },
      ...systemNames.map((name) => ({ value: notNull(column(name)), alias: name })),
    ],
    from: arrow(rowsName),
  });
  return select({
    items: [
      { value: line },
      ...systemItems,
      { value: call('JSONExtract', line, text(type)), alias: '#json' },
    ],
    from: from(source),
  });
}

/** Text of the i-th value. */
const textOf = (index: number): Expression => call('tupleElement', json, integer(index + 1));

/**
 * `dynamic` keeps JSON text, so that the text "5" and the number 5 stay apart; the tuple has lost
 * that. JSON's null is no value.
 */
function dynamicText(name: string, index: number): Expression {
  return call(
    'if',
    call('isNull', textOf(index)),
    text(''),
    call('JSONExtractRaw', line, text(name)),
  );
}

/** A row that is not a JSON object parses to nothing but nulls. */
function wellFormed(input: readonly ColumnSchema[]): Expression {
  const nothing = and(input.map((_, index) => call('isNull', textOf(index))));
  return and([
    call('startsWith', call('trimLeft', line), text('{')),
    call('if', nothing, call('isValidJSON', line), integer(1)),
  ]);
}

/** Values cast to the declared types; `#ok` is false where one did not. */
function typed(input: readonly ColumnSchema[]): Select {
  const values = input.map((each, index) => ({
    value:
      each.type === 'dynamic' ? dynamicText(each.name, index) : castText(textOf(index), each.type),
    alias: each.name,
  }));
  const cast = select({
    items: [{ value: line }, ...systemItems, { value: json }, ...values],
    from: from(parsed(input)),
  });
  const failed = input.flatMap((each, index) =>
    each.type === 'string' || each.type === 'dynamic'
      ? []
      : [infix('AND', call('isNotNull', textOf(index)), call('isNull', column(each.name)))],
  );
  return select({
    items: [
      { value: line },
      ...systemItems,
      { value: json },
      ...input.map((each) => ({ value: column(each.name) })),
      { value: and([wellFormed(input), call('not', or(failed))]), alias: '#ok' },
    ],
    from: from(cast),
  });
}

/** The typed rows that cast, through the transformation where there is one. */
function transformed(shape: InsertShape): { rows: Select; columns: readonly ColumnSchema[] } {
  const { input, transform } = shape;
  const good = select({
    items: [...systemItems, ...input.map((each) => ({ value: column(each.name) }))],
    from: from(typed(input)),
    where: column('#ok'),
  });
  if (transform === undefined) return { rows: good, columns: input };
  return {
    rows: overSource(transform.select, transform.source ?? 'source', good),
    columns: transform.columns,
  };
}

/** Puts rows in the place of the source and hands the system columns through every level. */
function overSource(query: Query, source: string, rows: Select): Select {
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

/** A change of type that needs no cast of text, or undefined. */
function widened(
  value: Expression,
  type: ColumnSchema['type'],
  wanted: ColumnSchema['type'],
): Expression | undefined {
  if (type === wanted) return value;
  if (wanted === 'string') return call('ifNull', call('toString', value), text(''));
  if (wanted === 'long' && type === 'int') return call('toInt64', value);
  if (wanted === 'real' && (type === 'int' || type === 'long')) return call('toFloat64', value);
  if (wanted === 'dynamic') {
    return type === 'string'
      ? call('if', call('empty', value), text(''), call('toJSONString', value))
      : call('ifNull', call('toString', value), text(''));
  }
  return undefined;
}

/** Rows with the table's columns in its types, `TimeGenerated` still nullable. */
function fitted(shape: InsertShape): { rows: Select; checks: readonly FitCheck[] } {
  const { rows, columns } = transformed(shape);
  const have = new Map(columns.map((each) => [each.name, each]));
  const items: SelectItem[] = [];
  const checks: FitCheck[] = [];
  for (const wanted of shape.table.columns) {
    const given = have.get(wanted.name);
    if (given === undefined) {
      if (wanted.name === 'TimeGenerated') {
        throw new EngineError('ENGINE_BAD_BATCH', 'No TimeGenerated among the incoming columns.');
      }
      continue;
    }
    const value = column(wanted.name);
    // A prefix keeps the value apart from the incoming column of that name.
    const alias = `#fit ${wanted.name}`;
    const wide = widened(value, given.type, wanted.type);
    if (wide !== undefined) {
      items.push({ value: wide, alias });
      continue;
    }
    // Through its text, as strictly as a value that just came.
    const isText = given.type === 'string' || given.type === 'dynamic';
    const asText = isText ? call('nullIf', value, text('')) : call('toString', value);
    items.push({ value: asText, alias: `#text ${wanted.name}` });
    items.push({ value: castText(asText, wanted.type), alias });
    checks.push({ column: wanted });
  }
  return { rows: select({ items: [...systemItems, ...items], from: from(rows) }), checks };
}

interface FitCheck {
  readonly column: ColumnSchema;
}

const textBefore = (check: FitCheck): Expression => column(`#text ${check.column.name}`);
const lost = (check: FitCheck): Expression =>
  infix(
    'AND',
    call('isNotNull', textBefore(check)),
    call('isNull', column(`#fit ${check.column.name}`)),
  );

const isFit = (checks: readonly FitCheck[]): Expression =>
  and([
    call('isNotNull', column('#fit TimeGenerated')),
    ...checks.map((check) => call('not', lost(check))),
  ]);

const insertSettings = (token: string, deduplicate: boolean): Settings => ({
  async_insert: 0,
  insert_deduplicate: deduplicate ? 1 : 0,
  ...(deduplicate ? { insert_deduplication_token: token } : {}),
  // One block, one part: all or nothing.
  max_insert_threads: 1,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 4_000_000_000,
  max_partitions_per_insert_block: 1,
});

const tokenOf = (shape: InsertShape): string =>
  `${shape.table.name}:${shape.range.from}-${shape.range.to}`;

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

/** Plans the insert of a batch. Throws `ENGINE_BAD_BATCH`, `ENGINE_BAD_TRANSFORM`. */
export function planInsert(shape: InsertShape): InsertPlan {
  const token = tokenOf(shape);
  const { rows, checks } = fitted(shape);
  const stored = shape.table.columns.filter((each) =>
    (shape.transform?.columns ?? shape.input).some((given) => given.name === each.name),
  );
  const storing = select({
    items: [
      ...stored.map((each) => ({
        value:
          each.name === 'TimeGenerated'
            ? notNull(column('#fit TimeGenerated'))
            : column(`#fit ${each.name}`),
        alias: each.name,
      })),
      ...systemItems,
    ],
    from: from(rows),
    where: isFit(checks),
  });
  const store = (deduplicate: boolean): Statement =>
    print({
      kind: 'insertSelect',
      table: target(shape.table.name),
      columns: [...stored.map((each) => each.name), ...systemNames],
      query: storing,
      settings: insertSettings(token, deduplicate),
    });
  const day = arrivalDay(shape.timeReceivedTicks);
  return {
    store: store(true),
    storeAgain: store(false),
    deadLetters: planDeadLetters(shape, rows, checks, token),
    found: countByPart(shape.table.name, shape.range, { day }),
    foundDeadLetters: countByPart(ingestionErrorsTable.name, shape.range, {
      day,
      tableName: shape.table.name,
    }),
  };
}

/** Why a text did not cast. */
const misfit = (value: Expression, type: ColumnSchema['type']): Expression =>
  call('if', hasShape(value, type), reason('VALUE_OUT_OF_RANGE'), reason('WRONG_TYPE'));

const reason = (value: DeadLetterReason): Expression => text(value);

/** Numbers beyond what a JSON parser holds fail the whole line, though they are JSON. */
const hugeNumber = '[:,\\[]\\s*-?(?:[0-9]{19,}|[0-9.]+[eE][+]?[0-9]{3,})';

function planDeadLetters(
  shape: InsertShape,
  fittedRows: Select,
  checks: readonly FitCheck[],
  token: string,
): InsertPlan['deadLetters'] {
  const { input } = shape;
  const outcome = (why: Expression, where: Expression): SelectItem[] => [
    { value: column('_TimeReceived'), alias: 'TimeGenerated' },
    { value: text(shape.table.name), alias: 'TableName' },
    { value: text(shape.stream), alias: 'StreamName' },
    { value: why, alias: 'Reason' },
    { value: where, alias: 'ColumnName' },
  ];
  const insert = (query: Select, suffix: string, readsLinesToo: boolean) => {
    const statement = (deduplicate: boolean): Statement =>
      print({
        kind: 'insertSelect',
        table: target(ingestionErrorsTable.name),
        columns: [...deadLetterColumns, ...systemNames],
        query,
        settings: insertSettings(`${token}${suffix}`, deduplicate),
      });
    return { statement: statement(true), again: statement(false), readsLinesToo };
  };

  // What did not cast: the first such column says why.
  const whys: Expression[] = [
    call('not', wellFormed(input)),
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
  input.forEach((each, index) => {
    if (each.type === 'string' || each.type === 'dynamic') return;
    whys.push(
      infix('AND', call('isNotNull', textOf(index)), call('isNull', column(each.name))),
      tuple(misfit(textOf(index), each.type), text(each.name)),
    );
  });
  // Without a transformation or a change of type, nothing else can keep a row out.
  const simple = shape.transform === undefined && checks.length === 0;
  const timeMissing = simple
    ? [
        call('isNull', column('TimeGenerated')),
        tuple(reason('MISSING_TIME'), text('TimeGenerated')),
      ]
    : [];
  const uncast = select({
    items: [
      { value: line },
      ...systemItems,
      {
        value: call('multiIf', ...whys, ...timeMissing, tuple(text(''), text(''))),
        alias: '#why',
      },
    ],
    from: from(typed(input)),
    where: simple
      ? or([call('not', column('#ok')), call('isNull', column('TimeGenerated'))])
      : call('not', column('#ok')),
  });
  const why = column('#why');
  const first = insert(
    select({
      items: [
        ...outcome(call('tupleElement', why, integer(1)), call('tupleElement', why, integer(2))),
        { value: call('replaceRegexpOne', line, text('\\s+$'), text('')), alias: 'RawRecord' },
        ...systemItems,
      ],
      from: from(uncast),
    }),
    ':uncast',
    false,
  );
  if (simple) return [first];

  // What cast, and does not fit after the transformation. Its line comes from a second reading.
  const unfit = select({
    items: [
      ...systemItems,
      {
        value: call(
          'multiIf',
          ...checks.flatMap((check) => [
            lost(check),
            tuple(misfit(textBefore(check), check.column.type), text(check.column.name)),
          ]),
          call('isNull', column('#fit TimeGenerated')),
          tuple(reason('MISSING_TIME'), text('TimeGenerated')),
          tuple(text(''), text('')),
        ),
        alias: '#why',
      },
    ],
    from: from(fittedRows),
    where: call('not', isFit(checks)),
  });
  const lines = select({
    items: [
      { value: notNull(column('line')), alias: '#line' },
      { value: notNull(column('_Position')), alias: '#position' },
      { value: notNull(column('_Row')), alias: '#row' },
    ],
    from: arrow(linesName),
  });
  const second = insert(
    select({
      items: [
        ...outcome(call('tupleElement', why, integer(1)), call('tupleElement', why, integer(2))),
        { value: call('replaceRegexpOne', line, text('\\s+$'), text('')), alias: 'RawRecord' },
        ...systemItems,
      ],
      from: {
        kind: 'join',
        join: 'INNER JOIN',
        left: from(lines, 'lines'),
        right: from(unfit, 'unfit'),
        on: infix(
          'AND',
          infix('=', column('#position', 'lines'), column('_Position', 'unfit')),
          infix('=', column('#row', 'lines'), column('_Row', 'unfit')),
        ),
      },
    }),
    ':unfit',
    true,
  );
  return [first, second];
}
