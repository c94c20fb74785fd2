import { StrongroomError } from '@strongroom/base';

/**
 * Why the engine could not do what it was asked. ClickHouse's own texts never leave the child
 * process: they quote rows. Its error number does, in the message.
 */
export type EngineErrorCode =
  /** A batch over more than one arrival day, out of order, or larger than a limit. */
  | 'ENGINE_BAD_BATCH'
  /** A table, column or type that cannot be stored. */
  | 'ENGINE_BAD_TABLE'
  /** A transformation of a shape that is not one row in, at most one row out. */
  | 'ENGINE_BAD_TRANSFORM'
  /** An option that makes no sense. */
  | 'ENGINE_BAD_OPTION'
  /** The disk keys handed in are not those the directory was made with. Nothing was opened. */
  | 'ENGINE_WRONG_KEY'
  /** The child process could not open the directory. */
  | 'ENGINE_OPEN_FAILED'
  /** The child process ended, or was closed, before it answered. */
  | 'ENGINE_GONE'
  /** The query was cancelled by its caller. */
  | 'ENGINE_CANCELLED'
  /** The query reached its time limit. */
  | 'ENGINE_TIMEOUT'
  /** The query, or the engine as a whole, reached its memory limit. */
  | 'ENGINE_MEMORY_LIMIT'
  /** The query reached its limit of result rows or bytes. */
  | 'ENGINE_RESULT_TOO_LARGE'
  /** More queries wait than the limit allows. */
  | 'ENGINE_BUSY'
  /** The disk is full. */
  | 'ENGINE_DISK_FULL'
  /** A table that was not ensured. */
  | 'ENGINE_UNKNOWN_TABLE'
  /** A value that the query's arithmetic or casts could not take; the query is at fault. */
  | 'ENGINE_QUERY_FAILED'
  /** Stored bytes that cannot be read back. */
  | 'ENGINE_DAMAGED'
  /** Anything else. The number is ClickHouse's. */
  | 'ENGINE_FAILED';

/** A failure of the engine. `engineCode` is ClickHouse's error number where there is one. */
export class EngineError extends StrongroomError<EngineErrorCode> {
  readonly engineCode: number | undefined;

  constructor(
    code: EngineErrorCode,
    message: string,
    options?: { cause?: unknown; hint?: string; engineCode?: number | undefined },
  ) {
    super(code, message, options);
    this.name = 'EngineError';
    this.engineCode = options?.engineCode;
  }
}

/** ClickHouse's error numbers that mean something to us (src/Common/ErrorCodes.cpp). */
const meanings: ReadonlyMap<number, EngineErrorCode> = new Map([
  [60, 'ENGINE_UNKNOWN_TABLE'],
  [81, 'ENGINE_UNKNOWN_TABLE'],
  [158, 'ENGINE_RESULT_TOO_LARGE'],
  [307, 'ENGINE_RESULT_TOO_LARGE'],
  [396, 'ENGINE_RESULT_TOO_LARGE'],
  [159, 'ENGINE_TIMEOUT'],
  [160, 'ENGINE_TIMEOUT'],
  [209, 'ENGINE_TIMEOUT'],
  [241, 'ENGINE_MEMORY_LIMIT'],
  [173, 'ENGINE_MEMORY_LIMIT'],
  [243, 'ENGINE_DISK_FULL'],
  [394, 'ENGINE_CANCELLED'],
  [734, 'ENGINE_CANCELLED'],
  [202, 'ENGINE_BUSY'],
  [252, 'ENGINE_BUSY'],
  [40, 'ENGINE_DAMAGED'],
  [228, 'ENGINE_DAMAGED'],
  [271, 'ENGINE_DAMAGED'],
  [246, 'ENGINE_DAMAGED'],
  [598, 'ENGINE_DAMAGED'],
  [6, 'ENGINE_QUERY_FAILED'],
  [27, 'ENGINE_QUERY_FAILED'],
  [36, 'ENGINE_QUERY_FAILED'],
  [41, 'ENGINE_QUERY_FAILED'],
  [43, 'ENGINE_QUERY_FAILED'],
  [53, 'ENGINE_QUERY_FAILED'],
  [69, 'ENGINE_QUERY_FAILED'],
  [70, 'ENGINE_QUERY_FAILED'],
  [72, 'ENGINE_QUERY_FAILED'],
  [131, 'ENGINE_QUERY_FAILED'],
  [153, 'ENGINE_QUERY_FAILED'],
  [321, 'ENGINE_QUERY_FAILED'],
  [349, 'ENGINE_QUERY_FAILED'],
  [395, 'ENGINE_QUERY_FAILED'],
  [407, 'ENGINE_QUERY_FAILED'],
  [427, 'ENGINE_QUERY_FAILED'],
  [558, 'ENGINE_QUERY_FAILED'],
  // Positions, lengths of arrays, dates, UUIDs, booleans, addresses, and nesting that a value brought.
  [11, 'ENGINE_QUERY_FAILED'],
  [12, 'ENGINE_QUERY_FAILED'],
  [25, 'ENGINE_QUERY_FAILED'],
  [26, 'ENGINE_QUERY_FAILED'],
  [38, 'ENGINE_QUERY_FAILED'],
  [128, 'ENGINE_QUERY_FAILED'],
  [190, 'ENGINE_QUERY_FAILED'],
  [306, 'ENGINE_QUERY_FAILED'],
  [376, 'ENGINE_QUERY_FAILED'],
  [467, 'ENGINE_QUERY_FAILED'],
  [675, 'ENGINE_QUERY_FAILED'],
  [676, 'ENGINE_QUERY_FAILED'],
]);

/** What is known of a failure in the child: a number, never a text. */
export interface EngineFailure {
  /** ClickHouse's number; 0 where there is none. */
  readonly engineCode: number;
  /** The system's name of the error, where ClickHouse met one (`ENOSPC`). */
  readonly system?: string;
  /** What the child itself found wrong. */
  readonly code?: EngineErrorCode;
}

const messages: Partial<Record<EngineErrorCode, string>> = {
  ENGINE_CANCELLED: 'The query was cancelled.',
  ENGINE_TIMEOUT: 'The query reached its time limit.',
  ENGINE_MEMORY_LIMIT: 'The query reached its memory limit.',
  ENGINE_RESULT_TOO_LARGE: 'The result reached its limit of rows or bytes.',
  ENGINE_DISK_FULL: 'The disk is full.',
  ENGINE_UNKNOWN_TABLE: 'The engine has no such table.',
  ENGINE_DAMAGED: 'Stored data cannot be read back.',
  ENGINE_GONE: 'The engine process has ended.',
};

/** Makes the error of a failure that the child reported while doing `what`. */
export function engineError(failure: EngineFailure, what: string): EngineError {
  const code =
    failure.code ??
    (failure.system === 'ENOSPC'
      ? 'ENGINE_DISK_FULL'
      : (meanings.get(failure.engineCode) ?? 'ENGINE_FAILED'));
  const number = failure.engineCode === 0 ? '' : ` (engine code ${failure.engineCode})`;
  return new EngineError(code, `${messages[code] ?? `The engine refused to ${what}.`}${number}`, {
    engineCode: failure.engineCode === 0 ? undefined : failure.engineCode,
  });
}
