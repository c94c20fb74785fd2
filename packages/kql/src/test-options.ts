/** A few tables for the package's own tests. */

import type { TableSchema } from '@strongroom/sql';
import type { CompileOptions } from './compile.js';

const tables: readonly TableSchema[] = [
  {
    name: 'Heartbeat',
    columns: [
      { name: 'TenantId', type: 'string' },
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'Computer', type: 'string' },
      { name: 'OSType', type: 'string' },
      { name: 'Version', type: 'string' },
      { name: 'Type', type: 'string' },
    ],
  },
  {
    name: 'Syslog',
    columns: [
      { name: 'TenantId', type: 'string' },
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'Computer', type: 'string' },
      { name: 'Facility', type: 'string' },
      { name: 'SeverityLevel', type: 'string' },
      { name: 'SyslogMessage', type: 'string' },
      { name: 'ProcessID', type: 'int' },
      { name: 'Type', type: 'string' },
    ],
    fullTextColumns: ['SyslogMessage'],
  },
];

export const testOptions: CompileOptions = {
  tables,
  workspaceId: '6d0a4e2c-0000-4000-8000-000000000001',
  // 2026-11-01T12:00:00Z
  now: 639_130_392_000_000_000n,
  rowsMax: 1000,
};
