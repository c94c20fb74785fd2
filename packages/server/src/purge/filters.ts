import type { ColumnSchema, ScalarType } from '@strongroom/sql';
import type { Json, JsonObject } from '../catalog/records.js';
import { purgeLimits } from './limits.js';
import { invalid, readList, readObject, readText } from '../arm/fields.js';

/** The filters of a purge (azure-api.md §4.4) as KQL, so that they mean what a query would show. */
export interface PurgeFilters {
  /** `where …` over `source`. */
  readonly kql: string;
  /**
   * The same of records of the table that were set aside: `where …` over the columns of
   * `IngestionErrors`. They have no types, so what may be meant is meant: a cell that cannot be read, and
   * a text value anywhere in the record.
   */
  readonly lettersKql: string;
  /** Columns and operators, without values. */
  readonly description: string;
}

const { filtersMax, listValuesMax, textCharsMax } = purgeLimits;

const operators = ['==', '=~', 'in', 'in~', '>', '>=', '<', '<=', 'between'] as const;
type Operator = (typeof operators)[number];

/** Reads and checks filters against the table's columns. Throws 400. */
export function readFilters(
  value: Json | undefined,
  columns: readonly ColumnSchema[],
  table: string,
): PurgeFilters {
  const list = readList(value ?? null, 'filters', filtersMax);
  if (list.length === 0) {
    throw invalid(
      'filters',
      'A purge needs at least one filter; a whole table is deleted instead.',
    );
  }
  const parts = list.map((item, index) =>
    readFilter(readObject(item, `filters[${index}]`), index, columns),
  );
  return {
    kql: `source | where ${parts.map(({ kql }) => `(${kql})`).join(' and ')}`,
    lettersKql: `${lettersOf(table)} and ${parts.map(({ lettersKql }) => `(${lettersKql})`).join(' and ')}`,
    description: parts.map(({ description }) => description).join('; '),
  };
}

function readFilter(
  filter: JsonObject,
  index: number,
  columns: readonly ColumnSchema[],
): PurgeFilters {
  const target = `filters[${index}]`;
  const name = readText(filter['column'], `${target}.column`, { charsMax: 128 });
  const column = columns.find((each) => each.name === name);
  if (column === undefined) throw invalid(`${target}.column`, `There is no column '${name}'.`);
  const operatorText = readText(filter['operator'], `${target}.operator`, { charsMax: 16 });
  const operator = operators.find((each) => each === operatorText.toLowerCase());
  if (operator === undefined) {
    throw invalid(`${target}.operator`, `'operator' must be one of ${operators.join(', ')}.`);
  }
  const keyed = filter['key'] !== undefined && filter['key'] !== null;
  const key = keyed ? readText(filter['key'], `${target}.key`, { charsMax: 256 }) : undefined;
  if (keyed !== (column.type === 'dynamic')) {
    throw invalid(
      `${target}.key`,
      keyed
        ? `'${name}' is no dynamic column.`
        : `'${name}' is dynamic: name a property with 'key'.`,
    );
  }
  const values = readValues(filter['value'], operator, `${target}.value`);
  const type = key === undefined ? column.type : typeOfValue(values[0]);
  const field = `[${quote(name)}]`;
  const subject = key === undefined ? field : `${castOf(type)}(${field}[${quote(key)}])`;
  const literals = values.map((each) => literal(each, type, `${target}.value`));
  return {
    kql: comparison(subject, operator, literals, type, target),
    lettersKql: letterCondition({ name, key, operator, literals, type, target }),
    description: `${name}${key === undefined ? '' : `.${key}`} ${operator}`,
  };
}

/** Every record of a table that was set aside. */
export const lettersOf = (table: string): string => `source | where TableName == ${quote(table)}`;

/** How a cell of a record is read as a column's type. */
const letterCasts: Readonly<Record<ScalarType, string>> = {
  string: 'tostring',
  dynamic: 'tostring',
  bool: 'tobool',
  datetime: 'todatetime',
  timespan: 'totimespan',
  guid: 'toguid',
  int: 'tolong',
  long: 'tolong',
  real: 'todouble',
  decimal: 'todecimal',
};

function letterCondition(filter: {
  readonly name: string;
  readonly key: string | undefined;
  readonly operator: Operator;
  readonly literals: readonly string[];
  readonly type: ScalarType;
  readonly target: string;
}): string {
  const { name, key, operator, literals, type, target } = filter;
  const cell = `parse_json(RawRecord)[${quote(name)}]${key === undefined ? '' : `[${quote(key)}]`}`;
  const read = `${letterCasts[type]}(${cell})`;
  const compared = comparison(read, operator, literals, type, target);
  return type === 'string' || type === 'dynamic'
    ? `${compared} or ${literals.map((each) => `RawRecord contains ${each}`).join(' or ')}`
    : `isnull(${read}) or ${compared}`;
}

function readValues(value: Json | undefined, operator: Operator, target: string): readonly Json[] {
  if (operator === 'in' || operator === 'in~' || operator === 'between') {
    const values = readList(value ?? null, target, listValuesMax);
    if (operator === 'between' ? values.length !== 2 : values.length === 0) {
      throw invalid(
        target,
        `'${operator}' takes ${operator === 'between' ? 'two values' : 'a list'}.`,
      );
    }
    return values;
  }
  if (value === undefined || value === null || typeof value === 'object') {
    throw invalid(target, `'${target}' must be one value.`);
  }
  return [value];
}

const typeOfValue = (value: Json | undefined): ScalarType =>
  typeof value === 'number' ? 'real' : typeof value === 'boolean' ? 'bool' : 'string';

const castOf = (type: ScalarType): string =>
  type === 'real' ? 'todouble' : type === 'bool' ? 'tobool' : 'tostring';

function comparison(
  subject: string,
  operator: Operator,
  literals: readonly string[],
  type: ScalarType,
  target: string,
): string {
  const isText = type === 'string';
  const ordered = !isText && type !== 'bool' && type !== 'guid';
  const fits =
    operator === '==' ||
    operator === 'in' ||
    (isText ? operator.endsWith('~') : ordered && !operator.endsWith('~'));
  if (!fits) throw invalid(`${target}.operator`, `'${operator}' does not compare a ${type}.`);
  if (operator === 'between') return `${subject} between (${literals[0]} .. ${literals[1]})`;
  if (operator === 'in' || operator === 'in~')
    return `${subject} ${operator} (${literals.join(', ')})`;
  return `${subject} ${operator} ${literals[0]}`;
}

const isoTime = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;
const guidForm = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;
const spanForm = /^-?(?:\d{1,8}\.)?\d\d:\d\d:\d\d(?:\.\d{1,7})?$/;

/** A value as a KQL literal of the column's type; nothing in it is read as KQL. */
function literal(value: Json, type: ScalarType, target: string): string {
  const wrong = (what: string): never => {
    throw invalid(target, `A value must be ${what}.`);
  };
  switch (type) {
    case 'string':
    case 'dynamic':
      if (typeof value !== 'string' || value.length > textCharsMax) {
        return wrong(`text of ${textCharsMax} characters at most`);
      }
      return quote(value);
    case 'bool':
      return typeof value === 'boolean' ? String(value) : wrong('true or false');
    case 'datetime':
      if (typeof value !== 'string' || !isoTime.test(value)) return wrong('a time in ISO 8601');
      return `datetime(${value})`;
    case 'timespan':
      if (typeof value !== 'string' || !spanForm.test(value))
        return wrong('a time span d.hh:mm:ss');
      return `time(${value})`;
    case 'guid':
      if (typeof value !== 'string' || !guidForm.test(value)) return wrong('a GUID');
      return `guid(${value})`;
    case 'int':
    case 'long':
      if (typeof value === 'string' && /^-?\d{1,18}$/.test(value)) return `long(${value})`;
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return wrong('a whole number');
      return `long(${value})`;
    case 'real':
      if (typeof value !== 'number' || !Number.isFinite(value)) return wrong('a number');
      return `real(${value})`;
    case 'decimal':
      if (typeof value === 'string' && /^-?\d{1,20}(?:\.\d{1,17})?$/.test(value)) {
        return `decimal(${value})`;
      }
      if (typeof value !== 'number' || !Number.isFinite(value)) return wrong('a number');
      return `decimal(${value})`;
  }
}

/** A KQL string literal. */
function quote(text: string): string {
  // Everything but plain characters as an escape: no quote, backslash or line end is left as it is.
  const escaped = text.replaceAll(/[^ !#-[\]-~\u00a1-\ud7ff\ue000-\ufeff\uff00-\uffef]/g, (each) =>
    [...Array(each.length).keys()]
      .map((index) => `\\u${each.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return `"${escaped}"`;
}
