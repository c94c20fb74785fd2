/** Rows for what is written as an operator. Names that begin with `$` cannot be called in KQL. */

import { invariant } from '@strongroom/base';
import {
  and,
  boolean,
  call,
  cast,
  inList,
  infix,
  integer,
  lambda,
  column,
  nullOf,
  or,
  text,
  type Expression as Sql,
  type InfixOperator,
} from '@strongroom/sql';
import { inlineListMax } from '../limits.js';
import { keyValueRows } from './key-value.js';
import type { Bound, CallContext } from '../semantics/bound.js';
import { widest } from '../semantics/types.js';
import { fitsLong } from '../syntax/literals.js';
import type { ConstantValue } from '../syntax/tree.js';
import { asText, jsonExtract, jsonPath, textOfParsed } from './conversion.js';
import type { FunctionRow } from './row.js';
import { hiddenWindowRows } from './window.js';
import { hasTerm } from './term.js';

/** Numbers are compared bare: a typed literal would hide the index from the engine. */
function bare(value: Sql): Sql {
  return value.kind === 'integer' && value.type !== undefined ? integer(value.value) : value;
}

/** `==` and `!=`: null equals nothing but null, of which it is not known. */
function equality(name: '==' | '!=', operator: InfixOperator): FunctionRow {
  return {
    name,
    takes: 'scalar, scalar',
    gives: 'bool',
    fold: (values) => {
      const [a, b] = values;
      if (a === null && b === null) return null;
      if (typeof a !== typeof b) return undefined;
      return (a === b) === (name === '==');
    },
    sql: (args, context) => {
      const [a, b] = [args[0] as Sql, args[1] as Sql];
      const plain = infix(operator, bare(a), bare(b));
      const [left, right] = [context.args[0] as Bound, context.args[1] as Bound];
      if (!left.nullable && !right.nullable) return plain;
      const constantSide = left.kind === 'constant' || right.kind === 'constant';
      const known = name === '!=';
      if (name === '==' && !context.exact) return plain;
      if (constantSide && !(left.nullable && right.nullable)) {
        return call('ifNull', plain, boolean(known));
      }
      if (!left.nullable || !right.nullable) return call('ifNull', plain, boolean(known));
      return call('if', infix('!=', call('isNull', a), call('isNull', b)), boolean(known), plain);
    },
  };
}

function ordering(operator: '<' | '<=' | '>' | '>='): FunctionRow {
  return {
    name: operator,
    takes: 'scalar, scalar',
    gives: 'bool',
    fold: (values) => {
      const [a, b] = values;
      if (a === null || b === null || a === undefined || b === undefined) return null;
      if (typeof a !== typeof b || typeof a === 'string') return undefined;
      return operator === '<'
        ? a < b
        : operator === '<='
          ? a <= b
          : operator === '>'
            ? a > b
            : a >= b;
    },
    sql: (args) => infix(operator, bare(args[0] as Sql), bare(args[1] as Sql)),
  };
}

function numbers(
  values: readonly ConstantValue[],
  long: (a: bigint, b: bigint) => bigint | undefined,
  real: (a: number, b: number) => number,
): ConstantValue | undefined {
  const [a, b] = values;
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    const made = long(a, b);
    return made === undefined ? undefined : fitsLong(made) ? made : BigInt.asIntN(64, made);
  }
  if (typeof a === 'number' && typeof b === 'number') return real(a, b);
  if (typeof a === 'number' && typeof b === 'bigint') return real(a, Number(b));
  if (typeof a === 'bigint' && typeof b === 'number') return real(Number(a), b);
  return undefined;
}

const isTime = (of: Bound | undefined): boolean =>
  of?.type === 'timespan' || of?.type === 'datetime';
const isInteger = (of: Bound | undefined): boolean => of?.type === 'int' || of?.type === 'long';
/** The constant of a divisor that cannot be zero or minus one, with which division always works. */
const safeDivisor = (of: Bound | undefined): boolean =>
  of?.kind === 'constant' && typeof of.value === 'bigint' && of.value !== 0n && of.value !== -1n;

/** Ticks times or over a real: rounded towards zero, null where it does not fit. */
function scaled(value: Sql): Sql {
  return call('accurateCastOrNull', call('trunc', value), text('Int64'));
}

/** Kusto's modulo is never negative. */
function positive(rest: bigint, divisor: bigint): bigint {
  return rest >= 0n ? rest : rest + (divisor < 0n ? -divisor : divisor);
}

const arithmetic: readonly FunctionRow[] = [
  {
    name: '+',
    takes: 'scalar, scalar',
    gives: (args) => widest(args[0]?.type ?? 'long', args[1]?.type ?? 'long'),
    fold: (values) =>
      numbers(
        values,
        (a, b) => a + b,
        (a, b) => a + b,
      ),
    sql: (args) => infix('+', args[0] as Sql, args[1] as Sql),
  },
  {
    name: '-',
    takes: 'scalar, scalar',
    gives: (args) => widest(args[0]?.type ?? 'long', args[1]?.type ?? 'long'),
    fold: (values) =>
      numbers(
        values,
        (a, b) => a - b,
        (a, b) => a - b,
      ),
    sql: (args) => infix('-', args[0] as Sql, args[1] as Sql),
  },
  {
    name: '*',
    takes: 'scalar, scalar',
    gives: (args) => widest(args[0]?.type ?? 'long', args[1]?.type ?? 'long'),
    nulls: 'args',
    fold: (values, _, args) => {
      if (args.some(isTime) && args.some((arg) => arg.type === 'real')) {
        const product = Math.trunc(Number(values[0]) * Number(values[1]));
        return Number.isSafeInteger(product) ? BigInt(product) : undefined;
      }
      return numbers(
        values,
        (a, b) => a * b,
        (a, b) => a * b,
      );
    },
    sql: (args, context) => {
      const product = infix('*', args[0] as Sql, args[1] as Sql);
      const fractional = context.args.some((arg) => arg.type === 'real' || arg.type === 'decimal');
      return context.args.some(isTime) && fractional ? scaled(product) : product;
    },
  },
  {
    name: '/',
    takes: 'scalar, scalar',
    gives: (args) => widest(args[0]?.type ?? 'long', args[1]?.type ?? 'long'),
    nulls: 'always',
    fold: (values, _, args) => {
      const [a, b] = values;
      if (args.every(isTime) && typeof a === 'bigint' && typeof b === 'bigint')
        return Number(a) / Number(b);
      if (isTime(args[0]) && typeof a === 'bigint' && typeof b === 'number') {
        const quotient = Math.trunc(Number(a) / b);
        return Number.isSafeInteger(quotient) ? BigInt(quotient) : undefined;
      }
      return numbers(
        values,
        (x, y) => (y === 0n ? undefined : x / y),
        (x, y) => x / y,
      );
    },
    sql: (args, context) => {
      const [a, b] = [args[0] as Sql, args[1] as Sql];
      const [left, right] = context.args;
      if (isTime(left) && isTime(right))
        return infix('/', call('toFloat64', a), call('toFloat64', b));
      if (isTime(left) && !isInteger(right)) return scaled(infix('/', a, b));
      if ((isInteger(left) || isTime(left)) && isInteger(right)) {
        return call(safeDivisor(right) ? 'intDiv' : 'intDivOrNull', a, b);
      }
      if (context.type === 'decimal')
        return call(
          'if',
          infix('=', b, integer(0)),
          nullOf('Nullable(Decimal(38, 17))'),
          call(
            'divide',
            a,
            call('if', infix('=', b, integer(0)), cast(integer(1), 'Decimal(38, 17)'), b),
          ),
        );
      return infix('/', call('toFloat64', a), b);
    },
  },
  {
    name: '%',
    takes: 'scalar, scalar',
    gives: (args) => widest(args[0]?.type ?? 'long', args[1]?.type ?? 'long'),
    nulls: 'always',
    fold: (values) =>
      numbers(
        values,
        (a, b) => (b === 0n ? undefined : positive(a % b, b)),
        (a, b) => {
          const rest = a % b;
          return rest < 0 ? rest + Math.abs(b) : rest;
        },
      ),
    sql: (args, context) => {
      const [a, b] = [args[0] as Sql, args[1] as Sql];
      if (context.type === 'decimal') {
        const rest = call('positiveModulo', call('toFloat64', a), call('toFloat64', b));
        return call('toDecimal128OrNull', call('toString', rest), integer(17));
      }
      if (context.type === 'real')
        return call('positiveModulo', call('toFloat64', a), call('toFloat64', b));
      return safeDivisor(context.args[1])
        ? cast(
            call('positiveModulo', a, b),
            context.args.some((arg) => arg.nullable) ? 'Nullable(Int64)' : 'Int64',
          )
        : // In 128 bits: the engine refuses the least long as a divisor.
          call('toInt64', call('positiveModuloOrNull', call('toInt128', a), call('toInt128', b)));
    },
  },
  {
    name: '$negate',
    takes: 'summable',
    gives: (args) => (args[0]?.type === 'int' ? 'long' : (args[0]?.type ?? 'long')),
    fold: (values) => {
      const value = values[0];
      if (typeof value === 'bigint') return BigInt.asIntN(64, -value);
      return typeof value === 'number' ? -value : undefined;
    },
    sql: (args) => call('negate', args[0] as Sql),
  },
];

const logical: readonly FunctionRow[] = [
  {
    name: 'and',
    takes: 'bool...',
    gives: 'bool',
    conditions: 'all',
    sql: (args) => and(args),
  },
  { name: 'or', takes: 'bool...', gives: 'bool', conditions: 'all', sql: (args) => or(args) },
  { name: '$not', takes: 'bool', gives: 'bool', sql: (args) => call('not', args[0] as Sql) },
];

const lowered = (value: Sql): Sql => call('lowerUTF8', value);
const constantString = (of: Bound | undefined): string | undefined =>
  of?.kind === 'constant' && (of.type === 'string' || of.type === 'dynamic')
    ? String(of.value ?? '')
    : undefined;
const isAscii = (value: string): boolean => /^\p{ASCII}*$/u.test(value);

function stringRow(
  name: string,
  sql: (value: Sql, part: Sql, constant: string | undefined, context: CallContext) => Sql,
): FunctionRow {
  return {
    name,
    takes: 'text, text',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) =>
      sql(args[0] as Sql, args[1] as Sql, constantString(context.args[1]), context),
  };
}

const found = (position: Sql): Sql => infix('>', position, integer(0));

const strings: readonly FunctionRow[] = [
  stringRow('=~', (value, part) => infix('=', lowered(value), lowered(part))),
  stringRow('contains', (value, part, constant) =>
    found(
      call(
        constant !== undefined && isAscii(constant)
          ? 'positionCaseInsensitive'
          : 'positionCaseInsensitiveUTF8',
        value,
        part,
      ),
    ),
  ),
  stringRow('contains_cs', (value, part) => found(call('position', value, part))),
  stringRow('startswith', (value, part) => call('startsWith', lowered(value), lowered(part))),
  stringRow('startswith_cs', (value, part) => call('startsWith', value, part)),
  stringRow('endswith', (value, part) => call('endsWith', lowered(value), lowered(part))),
  stringRow('endswith_cs', (value, part) => call('endsWith', value, part)),
  stringRow('matches regex', (value, part) => call('match', value, part)),
  stringRow('has', (value, part, constant) => hasTerm(value, part, constant, 'whole', false)),
  stringRow('has_cs', (value, part, constant) => hasTerm(value, part, constant, 'whole', true)),
  stringRow('hasprefix', (value, part, constant) =>
    hasTerm(value, part, constant, 'prefix', false),
  ),
  stringRow('hasprefix_cs', (value, part, constant) =>
    hasTerm(value, part, constant, 'prefix', true),
  ),
  stringRow('hassuffix', (value, part, constant) =>
    hasTerm(value, part, constant, 'suffix', false),
  ),
  stringRow('hassuffix_cs', (value, part, constant) =>
    hasTerm(value, part, constant, 'suffix', true),
  ),
];

/** A list of constants as the engine reads it fastest. */
function listed(value: Sql, items: readonly Sql[], bounds: readonly Bound[]): Sql {
  const strung = bounds.every((each) => each.kind === 'constant' && each.type === 'string');
  if (strung && items.length > inlineListMax) {
    const json = JSON.stringify(bounds.map((each) => (each.kind === 'constant' ? each.value : '')));
    return inList(value, [
      call('JSONExtract', { kind: 'bound', value: json }, text('Array(String)')),
    ]);
  }
  return inList(value, items.map(bare));
}

function inRow(name: 'in' | 'in~'): FunctionRow {
  return {
    name,
    takes: 'scalar...',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) => {
      const [of, ...bounds] = context.args;
      const folded = name === 'in~';
      const value = folded ? lowered(args[0] as Sql) : (args[0] as Sql);
      const constants: Sql[] = [];
      const constantBounds: Bound[] = [];
      const others: Sql[] = [];
      args.slice(1).forEach((arg, index) => {
        const each = bounds[index];
        if (each?.kind === 'constant' && each.value !== null && each.type !== 'decimal') {
          const lower =
            folded && typeof each.value === 'string' ? each.value.toLowerCase() : undefined;
          constantBounds.push(lower === undefined ? each : { ...each, value: lower });
          constants.push(
            lower === undefined ? arg : lower === '' ? text('') : { kind: 'bound', value: lower },
          );
        } else if (
          each?.kind === 'constant' &&
          each.value === null &&
          (each.type === 'string' || each.type === 'dynamic')
        ) {
          constantBounds.push({ ...each, type: 'string', value: '' });
          constants.push(text(''));
        } else others.push(infix('=', value, folded ? lowered(arg) : arg));
      });
      const terms = [
        ...(constants.length === 0 ? [] : [listed(value, constants, constantBounds)]),
        ...others,
      ];
      const any = or(terms);
      const unsure = of?.nullable === true || others.length > 0;
      return unsure && context.exact ? call('ifNull', any, boolean(false)) : any;
    },
  };
}

/** The elements of a JSON array as texts. */
export function jsonTexts(value: Sql, of: Bound): Sql {
  return jsonExtract(value, of, 'Array(String)');
}

function termList(name: 'has_any' | 'has_all'): FunctionRow {
  return {
    name,
    takes: 'scalar...',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) => {
      const value = args[0] as Sql;
      const second = context.args[1];
      if (args.length === 2 && second !== undefined && second.type === 'dynamic') {
        const test = hasTerm(value, column('t'), undefined, 'whole', false);
        return call(
          name === 'has_any' ? 'arrayExists' : 'arrayAll',
          lambda(['t'], test),
          jsonTexts(args[1] as Sql, second),
        );
      }
      const terms = args
        .slice(1)
        .map((arg, index) =>
          hasTerm(value, arg, constantString(context.args[index + 1]), 'whole', false),
        );
      return name === 'has_any' ? or(terms) : and(terms);
    },
  };
}

const lists: readonly FunctionRow[] = [
  inRow('in'),
  inRow('in~'),
  termList('has_any'),
  termList('has_all'),
  {
    name: '$in_array',
    takes: 'scalar, scalar',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) =>
      call('has', jsonTexts(args[1] as Sql, context.args[1] as Bound), args[0] as Sql),
  },
  {
    name: '$in_array~',
    takes: 'scalar, scalar',
    gives: 'bool',
    nulls: 'never',
    sql: (args, context) =>
      call(
        'arrayExists',
        lambda(['t'], infix('=', lowered(column('t')), lowered(args[0] as Sql))),
        jsonTexts(args[1] as Sql, context.args[1] as Bound),
      ),
  },
];

const index: FunctionRow = {
  name: '$index',
  takes: 'scalar, scalar',
  gives: 'dynamic',
  nulls: 'never',
  sql: (args, context) => {
    const path = jsonPath(args[0] as Sql, context.args[0]);
    const key = context.args[1] as Bound;
    let last: Sql;
    if (key.type === 'int' || key.type === 'long') {
      if (key.kind === 'constant') {
        const at = typeof key.value === 'bigint' ? key.value : 0n;
        last = integer(at >= 0n ? at + 1n : at);
      } else {
        const at = args[1] as Sql;
        last = call(
          'ifNull',
          call('if', infix('>=', at, integer(0)), infix('+', at, integer(1)), at),
          integer(0),
        );
      }
    } else last = asText(args[1] as Sql, key);
    // A member of what `parse_json` made, also where that is a column by now: of its text.
    return call('JSONExtractRaw', textOfParsed(path.root), ...path.keys, last);
  },
};

/**
 * What a regular expression's groups hold, none where it does not match: the engine's own array, not
 * JSON. So it stands only where `$group` reads it, and in no result.
 */
const groups: readonly FunctionRow[] = [
  {
    name: '$groups',
    takes: 'text, text',
    gives: 'dynamic',
    nulls: 'never',
    regexes: [1],
    sql: (args) => call('extractGroups', args[0] as Sql, args[1] as Sql),
  },
  {
    name: '$group',
    takes: 'scalar, scalar',
    gives: 'string',
    nulls: 'never',
    sql: (args) => call('arrayElement', args[0] as Sql, args[1] as Sql),
  },
  {
    name: '$trimmed',
    takes: 'text',
    gives: 'string',
    nulls: 'never',
    sql: (args) => call('trimBoth', args[0] as Sql, text(' \t\r\n')),
  },
];

const rows = new Map<string, FunctionRow>();
for (const row of [
  equality('==', '='),
  equality('!=', '!='),
  ordering('<'),
  ordering('<='),
  ordering('>'),
  ordering('>='),
  ...arithmetic,
  ...logical,
  ...strings,
  ...lists,
  index,
  ...groups,
  ...keyValueRows,
  ...hiddenWindowRows,
]) {
  rows.set(row.name, row);
}

/** The row of an operator; the names are the binder's own. */
export function operatorRow(name: string): FunctionRow {
  const row = rows.get(name);
  invariant(row !== undefined, `the operator ${name} has a row`);
  return row;
}
