export type { Statement } from './statement.js';
export type { ScalarType, ColumnSchema, TableSchema } from './storage.js';
export {
  storageType,
  systemColumns,
  databaseName,
  unixEpochTicks,
  greatestDatetimeTicks,
  ticksPerMillisecond,
  ticksPerSecond,
  ticksPerDay,
} from './storage.js';
export type { Expression, InfixOperator, OrderItem, WindowFrame } from './expression.js';
export {
  column,
  bound,
  text,
  integer,
  real,
  boolean,
  nullOf,
  call,
  parametric,
  infix,
  and,
  or,
  not,
  cast,
  lambda,
  tuple,
  array,
  inList,
  between,
  subquery,
  over,
  star,
} from './expression.js';
export type {
  Select,
  SelectItem,
  UnionAll,
  Query,
  Relation,
  JoinKind,
  Settings,
} from './select.js';
export { select, unionAll, table } from './select.js';
export type {
  Command,
  TableName,
  ColumnDefinition,
  IndexDefinition,
  SystemAction,
} from './command.js';
export { print } from './print.js';
export type { SqlErrorCode } from './errors.js';
export { statementBytesMax, treeDepthMax } from './limits.js';
