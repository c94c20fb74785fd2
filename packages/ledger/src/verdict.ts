import { StrongroomError } from '@strongroom/base';
import type { LedgerProblemCode } from './errors.js';

/** What a verification found. Verifiers throw nothing on hostile data: they say what is wrong. */
export type Verdict<Value = undefined> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: LedgerProblemCode; readonly message: string };

export const accept = <Value>(value: Value): Verdict<Value> => ({ ok: true, value });

export const refuse = (code: LedgerProblemCode, message: string): Verdict<never> => ({
  ok: false,
  code,
  message,
});

/** Runs a strict reader, and turns its refusal into a verdict. Bugs still throw. */
export function attempt<Value>(code: LedgerProblemCode, read: () => Value): Verdict<Value> {
  try {
    return accept(read());
  } catch (error) {
    if (error instanceof StrongroomError) return refuse(code, error.message);
    throw error;
  }
}
