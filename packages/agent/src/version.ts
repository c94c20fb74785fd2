/** The agent's version, as the service and the `Heartbeat` table show it. */
export const agentVersion = '0.1.0';

/**
 * Flags to start the agent's Node with. A small young generation costs no measurable time here, and
 * spares a quarter of the memory while a backlog is read.
 */
export const agentNodeFlags: readonly string[] = ['--max-semi-space-size=4'];
