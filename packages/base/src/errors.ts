/**
 * Three kinds of failure are never mixed:
 *
 * - a *user error* is a {@link StrongroomError} whose code belongs to a closed union,
 * - an *operating fault* (disk full, peer gone) is one too, with the system's error as `cause`,
 * - a *bug* fails an {@link invariant} and stops the process or the worker it happened in.
 */

/** An error with a stable code. Codes are API: they are never reworded. */
export class StrongroomError<Code extends string = string> extends Error {
  readonly code: Code;
  /** What the reader can do about it, in one sentence. */
  readonly hint: string | undefined;

  constructor(code: Code, message: string, options?: { cause?: unknown; hint?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StrongroomError';
    this.code = code;
    this.hint = options?.hint;
  }
}

/** Thrown when our own code is wrong. Never caught to go on with the same state. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(`BUG: ${message}`);
    this.name = 'InvariantError';
  }
}

/** Asserts what only a bug could make false. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Marks a branch that the types already rule out. */
export function unreachable(value: never, message = 'unreachable case'): never {
  throw new InvariantError(`${message}: ${String(value)}`);
}

/** True where `error` is a {@link StrongroomError} with this code. */
export function hasCode<Code extends string>(
  error: unknown,
  code: Code,
): error is StrongroomError<Code> {
  return error instanceof StrongroomError && error.code === code;
}
