/** Limits of agents and their enrolment. */
export const agentLimits = {
  /** Life of an agent's certificate. The agent renews it at two thirds of it. */
  certificateDays: 30,
  /** After the first use of a renewed certificate the one before it is taken this much longer. */
  previousCertificateMs: 10 * 60_000,
  /** Failed enrolment keys from one address before it has to wait. */
  enrolFailuresFree: 5,
  enrolFailuresMax: 50,
  agentsPerWorkspaceMax: 10_000,
  /** Certificates whose content is remembered. */
  identitiesMax: 20_000,
  enrollmentKeysPerWorkspaceMax: 1_000,
  /** How often the times at which agents were last heard are written down. */
  lastSeenIntervalMs: 60_000,
  /** What agents are told to collect, in seconds. */
  performanceIntervalSeconds: 10,
  heartbeatIntervalSeconds: 60,
  inventoryIntervalSeconds: 3_600,
} as const;
