/** Numbers, choices between values, and what has no better family. */

import {
  array,
  call,
  cast,
  column,
  infix,
  integer,
  lambda,
  nullOf,
  real,
  storageType,
  text,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import type { Bound } from '../semantics/bound.js';
import { widest } from '../semantics/types.js';
import { emptyForNull } from './conversion.js';
import type { FunctionRow } from './row.js';

const at = (args: readonly Sql[], index: number): Sql => args[index] as Sql;
const same = (args: readonly Bound[]): ScalarType => args[0]?.type ?? 'long';
const last = (args: readonly Bound[]): ScalarType => args.at(-1)?.type ?? 'long';

function realFunction(name: string, sqlName = name, aliases: readonly string[] = []): FunctionRow {
  return { name, aliases, takes: 'real', gives: 'real', sql: (args) => call(sqlName, at(args, 0)) };
}

/** A bin's size that is known to be above 0. */
const goodSize = (of: Bound | undefined): boolean =>
  of?.kind === 'constant' &&
  (typeof of.value === 'bigint' || typeof of.value === 'number'
    ? of.value > 0
    : Number(of.value) > 0);

/** Null for a size of 0 or less, which `made` is never asked about. */
function ofSize(
  size: Sql,
  bound: Bound | undefined,
  type: ScalarType,
  made: (size: Sql) => Sql,
): Sql {
  if (goodSize(bound)) return made(size);
  const one =
    type === 'real'
      ? real(1)
      : type === 'decimal'
        ? cast(integer(1), 'Decimal(38, 17)')
        : integer(1, 'Int64');
  const positive = infix('>', size, integer(0));
  const value = made(call('if', positive, size, one));
  // Of one type with its null: numbers of several kinds may have gone into it.
  const typed =
    type === 'real'
      ? call('toFloat64', value)
      : type === 'decimal'
        ? call('accurateCastOrNull', value, text('Decimal(38, 17)'))
        : value;
  return call('if', positive, typed, nullOf(storageType[type]));
}

/** `bin`: down to a multiple of the size, on negative values too. Sizes of 0 or less give null. */
function binned(args: readonly Sql[], bounds: readonly Bound[], type: ScalarType): Sql {
  const value = at(args, 0);
  const sizeBound = bounds[1];
  if (
    type !== 'real' &&
    type !== 'decimal' &&
    sizeBound?.kind === 'constant' &&
    typeof sizeBound.value === 'bigint' &&
    sizeBound.value > 0n
  ) {
    const bare = integer(sizeBound.value);
    // Typed: beside an unsigned literal a negative value would wrap.
    const typed = integer(sizeBound.value, 'Int64');
    if (sizeBound.value === 1n) return value;
    // Datetimes are never negative, so the plain remainder is enough for them.
    if (type === 'datetime') return infix('-', value, infix('%', value, bare));
    return infix('-', value, call('toInt64', call('positiveModulo', value, typed)));
  }
  const fractional = sizeBound?.type === 'real' || sizeBound?.type === 'decimal';
  const ticks = (size: Sql): Sql =>
    fractional && (type === 'timespan' || type === 'datetime')
      ? call('accurateCastOrNull', call('trunc', size), text('Int64'))
      : size;
  return ofSize(ticks(at(args, 1)), fractional ? undefined : sizeBound, type, (size) =>
    type === 'real' || type === 'decimal'
      ? infix('*', call('floor', infix('/', value, size)), size)
      : infix('-', value, call('toInt64', call('positiveModulo', value, size))),
  );
}

const binTakes = ['number, number', 'timespan, timespan', 'datetime, timespan'] as const;

function binRow(name: string, aliases: readonly string[] = []): FunctionRow {
  return {
    name,
    aliases,
    takes: [...binTakes],
    gives: (args) => {
      const [value, size] = [args[0]?.type ?? 'long', args[1]?.type ?? 'long'];
      return value === 'datetime' || value === 'timespan' ? value : widest(value, size);
    },
    nulls: (args) => (goodSize(args[1]) ? 'args' : 'always'),
    sql: (args, context) => binned(args, context.args, context.type),
  };
}

function chosen(
  conditions: readonly Sql[],
  values: readonly Sql[],
  otherwise: Sql,
  type: ScalarType,
): Sql {
  const typed = (value: Sql): Sql => (value.kind === 'null' ? nullOf(storageType[type]) : value);
  if (conditions.length === 1)
    return call('if', conditions[0] as Sql, typed(values[0] as Sql), typed(otherwise));
  return call(
    'multiIf',
    ...conditions.flatMap((condition, index) => [condition, typed(values[index] as Sql)]),
    typed(otherwise),
  );
}

const commonResult = (args: readonly Bound[]): ScalarType => args.at(-1)?.type ?? 'long';

function extreme(name: string, sqlName: string): FunctionRow {
  return {
    name,
    takes: 'alike, alike...',
    gives: same,
    nulls: 'args',
    sql: (args, context) => {
      // Nulls do not take part.
      if (!context.args.some((arg) => arg.nullable)) return call(sqlName, ...args);
      const list = array(...args);
      return call(
        sqlName === 'greatest' ? 'arrayMax' : 'arrayMin',
        call('arrayFilter', lambda(['x'], call('isNotNull', column('x'))), list),
      );
    },
  };
}

const goodShift = (of: Bound | undefined): boolean =>
  of?.kind === 'constant' && typeof of.value === 'bigint' && of.value >= 0n;

/** By the number modulo 64; by a negative number, null. */
function shifted(name: string, args: readonly Sql[], by: Bound | undefined): Sql {
  const count = call('bitAnd', at(args, 1), integer(63));
  const value = call(name, at(args, 0), count);
  return goodShift(by)
    ? value
    : call('if', infix('>=', at(args, 1), integer(0)), value, nullOf('Nullable(Int64)'));
}

const degrees = 180 / Math.PI;

export const mathRows: readonly FunctionRow[] = [
  binRow('bin', ['floor']),
  {
    name: 'bin_at',
    takes: [
      'number, number, number',
      'timespan, timespan, timespan',
      'datetime, timespan, datetime',
    ],
    gives: (args) => {
      const value = args[0]?.type ?? 'long';
      return value === 'datetime' || value === 'timespan'
        ? value
        : widest(widest(value, args[1]?.type ?? 'long'), args[2]?.type ?? 'long');
    },
    nulls: (args) => (goodSize(args[1]) ? 'args' : 'always'),
    sql: (args, context) => {
      const [value, fixed] = [at(args, 0), at(args, 2)];
      const offset = infix('-', value, fixed);
      return ofSize(at(args, 1), context.args[1], context.type, (size) =>
        context.type === 'real' || context.type === 'decimal'
          ? infix('+', fixed, infix('*', call('floor', infix('/', offset, size)), size))
          : infix('-', value, call('toInt64', call('positiveModulo', offset, size))),
      );
    },
  },
  {
    name: 'iff',
    aliases: ['iif'],
    takes: 'bool, common, common',
    gives: commonResult,
    nulls: 'args',
    conditions: [0],
    sql: (args, context) => chosen([at(args, 0)], [at(args, 1)], at(args, 2), context.type),
  },
  {
    name: 'case',
    // Bound apart: its arguments alternate.
    takes: 'scalar, scalar, scalar...',
    gives: last,
    sql: (args, context) => {
      const conditions: Sql[] = [];
      const values: Sql[] = [];
      for (let index = 0; index + 2 < args.length; index += 2) {
        conditions.push(at(args, index));
        values.push(at(args, index + 1));
      }
      return chosen(conditions, values, at(args, args.length - 1), context.type);
    },
  },
  {
    name: 'coalesce',
    takes: 'alike, alike...',
    gives: same,
    nulls: 'args',
    sql: (args, context) => {
      if (context.type === 'string' || context.type === 'dynamic') {
        const conditions = args
          .slice(0, -1)
          .map((arg) =>
            context.type === 'dynamic'
              ? ({ kind: 'in', value: arg, list: [text(''), text('null')], negated: true } as const)
              : infix('!=', arg, text('')),
          );
        return chosen(conditions, args.slice(0, -1), at(args, args.length - 1), context.type);
      }
      return call('coalesce', ...args);
    },
  },
  extreme('max_of', 'greatest'),
  extreme('min_of', 'least'),
  {
    name: 'not',
    takes: 'bool',
    gives: 'bool',
    fold: (values) => (typeof values[0] === 'boolean' ? !values[0] : null),
    sql: (args) => call('not', at(args, 0)),
  },
  {
    name: 'abs',
    takes: 'summable',
    gives: (args) => (args[0]?.type === 'int' ? 'long' : same(args)),
    sql: (args, context) =>
      context.type === 'real' || context.type === 'decimal'
        ? call('abs', at(args, 0))
        : call('toInt64', call('abs', at(args, 0))),
  },
  {
    name: 'round',
    takes: ['number', 'number, integer'],
    gives: same,
    sql: (args, context) => {
      const of = context.args[0]?.type;
      if (of === 'int' || of === 'long')
        return args.length === 1
          ? at(args, 0)
          : // The engine refuses a scale beyond its own.
            call(
              'round',
              at(args, 0),
              call('least', call('greatest', at(args, 1), integer(-18)), integer(0)),
            );
      // Halves go away from zero, as in Kusto; the engine's round takes them to even.
      const value = call('toFloat64', at(args, 0));
      const size = args.length === 1 ? real(1) : call('exp10', at(args, 1));
      const scaled = infix('*', call('abs', value), size);
      const rounded = call(
        'multiIf',
        // Beyond it every real is whole; so the number itself, as are NaN and the infinities.
        infix('<', scaled, real(2 ** 53)),
        infix(
          '/',
          infix('*', call('sign', value), call('floor', infix('+', scaled, real(0.5)))),
          call('if', infix('>', size, real(0)), size, real(1)),
        ),
        value,
      );
      return of === 'decimal'
        ? cast(
            rounded,
            context.args.some((arg) => arg.nullable)
              ? 'Nullable(Decimal(38, 17))'
              : 'Decimal(38, 17)',
          )
        : rounded;
    },
  },
  {
    name: 'ceiling',
    takes: 'number',
    gives: same,
    sql: (args) => call('ceil', at(args, 0)),
  },
  {
    name: 'sign',
    takes: 'number',
    gives: 'real',
    sql: (args) => call('toFloat64', call('sign', at(args, 0))),
  },
  realFunction('sqrt'),
  realFunction('exp'),
  realFunction('exp2'),
  realFunction('exp10'),
  realFunction('log'),
  realFunction('log2'),
  realFunction('log10'),
  realFunction('sin'),
  realFunction('cos'),
  realFunction('tan'),
  {
    name: 'cot',
    takes: 'real',
    gives: 'real',
    sql: (args) => infix('/', real(1), call('tan', at(args, 0))),
  },
  realFunction('asin'),
  realFunction('acos'),
  realFunction('atan'),
  { name: 'atan2', takes: 'real, real', gives: 'real', sql: (args) => call('atan2', ...args) },
  { name: 'pow', takes: 'real, real', gives: 'real', sql: (args) => call('pow', ...args) },
  { name: 'pi', takes: '', gives: 'real', fold: () => Math.PI, sql: () => real(Math.PI) },
  {
    name: 'degrees',
    takes: 'real',
    gives: 'real',
    sql: (args) => infix('*', at(args, 0), real(degrees)),
  },
  {
    name: 'radians',
    takes: 'real',
    gives: 'real',
    sql: (args) => infix('/', at(args, 0), real(degrees)),
  },
  realFunction('gamma', 'tgamma'),
  realFunction('loggamma', 'lgamma'),
  realFunction('erf'),
  realFunction('erfc'),
  {
    name: 'isnan',
    takes: 'real',
    gives: 'bool',
    nulls: 'never',
    sql: (args) => call('ifNull', call('isNaN', at(args, 0)), integer(0)),
  },
  {
    name: 'isinf',
    takes: 'real',
    gives: 'bool',
    nulls: 'never',
    sql: (args) => call('ifNull', call('isInfinite', at(args, 0)), integer(0)),
  },
  {
    name: 'isfinite',
    takes: 'real',
    gives: 'bool',
    nulls: 'never',
    sql: (args) => call('ifNull', call('isFinite', at(args, 0)), integer(0)),
  },
  {
    name: 'rand',
    takes: ['', 'integer'],
    gives: 'real',
    volatile: true,
    sql: (args) =>
      args.length === 0
        ? call('randCanonical')
        : call('floor', infix('*', call('randCanonical'), at(args, 0))),
  },
  { name: 'new_guid', takes: '', gives: 'guid', volatile: true, sql: () => call('generateUUIDv4') },
  {
    name: 'binary_and',
    takes: 'long, long',
    gives: 'long',
    sql: (args) => call('bitAnd', ...args),
  },
  { name: 'binary_or', takes: 'long, long', gives: 'long', sql: (args) => call('bitOr', ...args) },
  {
    name: 'binary_xor',
    takes: 'long, long',
    gives: 'long',
    sql: (args) => call('bitXor', ...args),
  },
  { name: 'binary_not', takes: 'long', gives: 'long', sql: (args) => call('bitNot', at(args, 0)) },
  {
    name: 'binary_shift_left',
    takes: 'long, long',
    gives: 'long',
    nulls: (args) => (goodShift(args[1]) ? 'args' : 'always'),
    sql: (args, context) => shifted('bitShiftLeft', args, context.args[1]),
  },
  {
    name: 'binary_shift_right',
    takes: 'long, long',
    gives: 'long',
    nulls: (args) => (goodShift(args[1]) ? 'args' : 'always'),
    sql: (args, context) => shifted('bitShiftRight', args, context.args[1]),
  },
  {
    name: 'bitset_count_ones',
    takes: 'long',
    gives: 'long',
    sql: (args) => call('toInt64', call('bitCount', at(args, 0))),
  },
  {
    name: 'tohex',
    takes: ['integer', 'integer, integer'],
    gives: 'string',
    sql: (args, context) => {
      const digits = call(
        'lower',
        call('replaceRegexpOne', call('hex', at(args, 0)), text('^0+(.)'), text('\\1')),
      );
      const width = call(
        'least',
        call('greatest', call('ifNull', args[1] ?? integer(0), integer(0)), integer(0)),
        integer(64),
      );
      const padded = args[1] === undefined ? digits : call('leftPad', digits, width, text('0'));
      return emptyForNull(padded, context.args[0]);
    },
  },
  {
    name: 'format_bytes',
    takes: ['number', 'number, integer', 'number, integer, text'],
    gives: 'string',
    sql: (args, context) => {
      const value = call('toFloat64', at(args, 0));
      const units = ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];
      const digits =
        args[1] === undefined
          ? integer(0)
          : call(
              'least',
              call('greatest', call('ifNull', args[1], integer(0)), integer(0)),
              integer(15),
            );
      const scaled = (size: Sql): Sql =>
        call('toString', call('round', infix('/', value, size), digits));
      const named = context.args[2];
      if (named !== undefined) {
        const wanted = named.kind === 'constant' ? String(named.value) : 'Bytes';
        const power = Math.max(
          0,
          units.findIndex((unit) => unit.toLowerCase() === wanted.toLowerCase()),
        );
        return emptyForNull(
          call('concat', scaled(real(1024 ** power)), text(` ${units[power]}`)),
          context.args[0],
        );
      }
      const pieces = units
        .slice(0, -1)
        .flatMap((unit, power) => [
          infix('<', call('abs', value), real(1024 ** (power + 1))),
          call('concat', scaled(real(1024 ** power)), text(` ${unit}`)),
        ]);
      return emptyForNull(
        call('multiIf', ...pieces, call('concat', scaled(real(1024 ** 6)), text(' EB'))),
        context.args[0],
      );
    },
  },
  {
    name: 'hash',
    takes: ['scalar', 'scalar, integer'],
    gives: 'long',
    nulls: (args) => (args.length === 1 || goodSize(args[1]) ? 'args' : 'always'),
    sql: (args) => {
      const hashed = call('reinterpretAsInt64', call('xxHash64', at(args, 0)));
      return args[1] === undefined
        ? hashed
        : call(
            'toInt64',
            call('positiveModuloOrNull', call('toInt128', hashed), call('toInt128', args[1])),
          );
    },
  },
  {
    name: 'assert',
    takes: 'bool, string',
    gives: 'bool',
    constants: [0, 1],
    sql: (args) => at(args, 0),
  },
];
