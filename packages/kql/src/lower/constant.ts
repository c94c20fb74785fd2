import {
  boolean,
  bound,
  call,
  cast,
  integer,
  nullOf,
  real,
  storageType,
  text,
  type Expression as Sql,
  type ScalarType,
} from '@strongroom/sql';
import type { ConstantValue } from '../syntax/tree.js';

/** A constant as SQL. Strings are bound beside the text; the rest are literals of their type. */
export function lowerConstant(type: ScalarType, value: ConstantValue): Sql {
  if (value === null) {
    return type === 'string' || type === 'dynamic' ? text('') : nullOf(storageType[type]);
  }
  switch (type) {
    case 'bool':
      return boolean(value === true);
    case 'int':
      return integer(BigInt(value), 'Int32');
    case 'long':
    case 'datetime':
    case 'timespan':
      return integer(BigInt(value), 'Int64');
    case 'real':
      return real(Number(value));
    case 'decimal':
      return cast(text(String(value)), 'Decimal(38, 17)');
    case 'guid':
      return call('toUUID', text(String(value)));
    case 'string':
    case 'dynamic':
      return value === '' ? text('') : bound(String(value));
  }
}
