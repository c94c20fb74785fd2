import type { WorkspaceSchema } from './metadata.js';

/** A first query for a workspace that has the table. */
export interface ExampleQuery {
  readonly title: string;
  readonly table: string;
  readonly query: string;
}

const examples: readonly ExampleQuery[] = [
  {
    title: 'Machines that report',
    table: 'Heartbeat',
    query:
      'Heartbeat\n| summarize LastSeen = max(TimeGenerated), Heartbeats = count() by Computer\n| sort by LastSeen desc',
  },
  {
    title: 'Latest system messages',
    table: 'Syslog',
    query:
      'Syslog\n| sort by TimeGenerated desc\n| project TimeGenerated, Computer, Facility, SeverityLevel, ProcessName, SyslogMessage\n| take 1000',
  },
  {
    title: 'Messages by severity over time',
    table: 'Syslog',
    query:
      'Syslog\n| summarize Messages = count() by bin(TimeGenerated, 5m), SeverityLevel\n| render timechart',
  },
  {
    title: 'Processor time',
    table: 'Perf',
    query:
      'Perf\n| where CounterName == "% Processor Time"\n| summarize avg(CounterValue) by bin(TimeGenerated, 1m), Computer\n| render timechart',
  },
  {
    title: 'Which counters there are',
    table: 'Perf',
    query:
      'Perf\n| summarize Samples = count(), Average = avg(CounterValue) by ObjectName, CounterName\n| sort by ObjectName asc, CounterName asc',
  },
  {
    title: 'Installed software',
    table: 'ConfigurationData',
    query: 'ConfigurationData\n| take 500',
  },
  {
    title: 'Who asked what',
    table: 'LAQueryLogs',
    query: 'LAQueryLogs\n| sort by TimeGenerated desc\n| take 200',
  },
];

/** Examples for the tables that the workspace has; for custom tables, their newest rows. */
export function examplesFor(schema: WorkspaceSchema, most = 6): readonly ExampleQuery[] {
  const names = new Set(schema.tables.map((table) => table.name));
  const custom = schema.tables
    .filter((table) => table.name.endsWith('_CL'))
    .map((table) => ({
      title: `Newest rows of ${table.name}`,
      table: table.name,
      query: `${table.name}\n| sort by TimeGenerated desc\n| take 100`,
    }));
  return [...examples.filter((example) => names.has(example.table)), ...custom].slice(0, most);
}
