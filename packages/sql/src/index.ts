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
