/**
 * The closed set of codes a diagnostic has. They are Kusto's where it has one for the problem:
 * `SYN…` from the service's parser, `SEM…` from its binder, `KS…` from the language service.
 */
export type KqlCode =
  /** The text cannot be read here. */
  | 'SYN0002'
  /** A string or a bracket is not closed. */
  | 'SYN0001'
  /** A literal cannot be read as its type. */
  | 'SYN0003'
  /** The query is beyond a limit of ours (limits.ts). */
  | 'KQL_LIMIT'
  /** KQL has it, this compiler does not. */
  | 'KQL_NOT_SUPPORTED'
  /** No such column, table, variable or function (the service's code). */
  | 'SEM0100'
  /** A table or column set does not fit the operator. */
  | 'SEM0019'
  /** The name is not a function. */
  | 'SEM0260'
  /** The wrong number of arguments. */
  | 'KS119'
  /** A value of another type is expected. */
  | 'KS107'
  /** A dynamic cannot be grouped or sorted by. */
  | 'KS116'
  /** A path into a value that is not dynamic. */
  | 'KS147'
  /** A join's keys have different types. */
  | 'KS242'
  /** The operator is not defined for these types. */
  | 'SEM0064'
  /** The name is already declared. */
  | 'KS201'
  /** The argument must be a constant. */
  | 'SEM0101'
  /** A regular expression is none, or one that RE2 does not know. */
  | 'KQL_REGEX'
  /** Aggregates are allowed in `summarize` only. */
  | 'KS103';

/** Names of every code, for the documentation and its test. */
export const kqlCodes: readonly KqlCode[] = [
  'SYN0001',
  'SYN0002',
  'SYN0003',
  'KQL_LIMIT',
  'KQL_NOT_SUPPORTED',
  'SEM0100',
  'SEM0019',
  'SEM0260',
  'KS119',
  'KS107',
  'KS116',
  'KS147',
  'KS242',
  'SEM0064',
  'KS201',
  'SEM0101',
  'KQL_REGEX',
  'KS103',
];
