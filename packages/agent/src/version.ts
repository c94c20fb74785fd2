/** The agent's version, as the service and the `Heartbeat` table show it. */
export const agentVersion = '0.1.0';
