/** The api-version that the client sends for each kind of resource. */
export const armVersions = {
  workspaces: '2025-07-01',
  tables: '2025-07-01',
  roles: '2022-04-01',
  locks: '2020-05-01',
  strongroom: '2026-11-01',
} as const;
