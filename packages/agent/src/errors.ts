import { StrongroomError } from '@strongroom/base';

/** Why the agent could not do what it was asked. Codes are API. */
export type AgentErrorCode =
  | 'AGENT_ALREADY_ENROLLED'
  | 'AGENT_ALREADY_RUNNING'
  | 'AGENT_BAD_ADDRESS'
  | 'AGENT_BAD_OPTION'
  | 'AGENT_BAD_PATTERN'
  | 'AGENT_BAD_PIN'
  | 'AGENT_ENROLMENT_REFUSED'
  | 'AGENT_NOT_ENROLLED'
  | 'AGENT_PIN_MISMATCH'
  | 'AGENT_PROTOCOL'
  | 'AGENT_SERVER_UNREACHABLE'
  | 'AGENT_STATE_DAMAGED';

export type AgentError = StrongroomError<AgentErrorCode>;

/** Makes an {@link AgentError}. */
export function agentError(
  code: AgentErrorCode,
  message: string,
  options?: { cause?: unknown; hint?: string },
): AgentError {
  return new StrongroomError(code, message, options);
}

/** The text of anything thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The system's or our code of anything thrown. */
export function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown';
}
