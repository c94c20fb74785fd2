/**
 * How many records of a kind there may be. The catalog is whole in memory, so each has a bound; a
 * further one is refused with 409 `QuotaExceeded`.
 */
export const catalogLimits = {
  workspacesMax: 1_000,
  /** Of one workspace. */
  tablesPerWorkspaceMax: 1_000,
  savedSearchesPerWorkspaceMax: 2_000,
  /** Endpoints, rules and associations together. */
  resourcesMax: 10_000,
  usersMax: 10_000,
  applicationsMax: 10_000,
  /** Azure has 4,000 a subscription. */
  assignmentsMax: 20_000,
  agentsMax: 100_000,
  enrollmentKeysMax: 100_000,
  /** Azure has 20 a scope. */
  locksMax: 10_000,
  holdsMax: 10_000,
  /** Purges and deletions, done ones too: their certificates are kept. */
  erasuresMax: 100_000,
} as const;
