import { StrongroomError } from '@strongroom/base';

/** What the command-line client fails with. Each maps to one exit code, see {@link exitCode}. */
export type CliErrorCode =
  | 'CLI_USAGE'
  | 'CLI_NOT_SIGNED_IN'
  | 'CLI_REFUSED'
  | 'CLI_NOT_FOUND'
  | 'CLI_VERIFICATION_FAILED'
  | 'CLI_UNREACHABLE'
  | 'CLI_FAILED';

/** An error that is shown to the person: a message, and a hint at what to do. */
export const cliError = (
  code: CliErrorCode,
  message: string,
  options: { hint?: string; cause?: unknown } = {},
): StrongroomError<CliErrorCode> => new StrongroomError(code, message, options);

/** Exit codes of all commands. Part of the interface: documented in the help. */
const exitCodes: Readonly<Record<CliErrorCode, number>> = {
  CLI_FAILED: 1,
  CLI_USAGE: 2,
  CLI_NOT_SIGNED_IN: 3,
  CLI_REFUSED: 3,
  CLI_NOT_FOUND: 4,
  CLI_VERIFICATION_FAILED: 5,
  CLI_UNREACHABLE: 6,
};

/** The exit code for something thrown. */
export function exitCode(error: unknown): number {
  const code = error instanceof StrongroomError ? error.code : '';
  return code in exitCodes ? exitCodes[code as CliErrorCode] : 1;
}

/** What the help says of exit codes. */
export const exitCodesHelp = `
Exit codes: 0 done; 1 failed; 2 wrong usage; 3 not signed in or refused; 4 not found;
5 verification failed; 6 service not reachable or not ready.`;
