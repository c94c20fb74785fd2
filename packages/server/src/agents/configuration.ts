import { createHash } from 'node:crypto';
import type { AgentConfiguration } from '@strongroom/api';
import type { WorkspaceId } from '@strongroom/base';
import type { CatalogReader } from '../catalog/catalog.js';
import { agentLimits } from './limits.js';

/** Files in syslog's format, wherever a distribution puts them. They are not text files as well. */
const syslogFiles = [
  '/var/log/syslog',
  '/var/log/messages',
  '/var/log/auth.log',
  '/var/log/secure',
  '/var/log/kern.log',
  '/var/log/cron.log',
  '/var/log/cron',
  '/var/log/daemon.log',
  '/var/log/user.log',
  '/var/log/mail.log',
  '/var/log/maillog',
  '/var/log/debug',
];

/** What the agents of a workspace collect. The table for text files counts only where it exists. */
export function agentConfigurationOf(catalog: CatalogReader, id: WorkspaceId): AgentConfiguration {
  const parts: Omit<AgentConfiguration, 'etag'> = {
    syslog: { stream: 'Microsoft-Syslog', files: syslogFiles, journald: true },
    ...(catalog.table(id, 'Text_CL') === undefined
      ? {}
      : { textFiles: [{ stream: 'Custom-Text_CL', patterns: ['/var/log/**/*.log'] }] }),
    performance: {
      stream: 'Microsoft-Perf',
      intervalSeconds: agentLimits.performanceIntervalSeconds,
    },
    heartbeat: {
      stream: 'Microsoft-Heartbeat',
      intervalSeconds: agentLimits.heartbeatIntervalSeconds,
    },
    inventory: {
      stream: 'Microsoft-ConfigurationData',
      intervalSeconds: agentLimits.inventoryIntervalSeconds,
    },
  };
  const etag = createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
  return { etag, ...parts };
}
