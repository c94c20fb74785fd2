import { ClientSecretCredential } from '@azure/identity';
import { LogsIngestionClient } from '@azure/monitor-ingestion';
import { LogsQueryClient, LogsQueryResultStatus } from '@azure/monitor-query-logs';
import { OperationalInsightsManagementClient } from '@azure/arm-operationalinsights';
import { MonitorClient } from '@azure/arm-monitor';
import { request } from 'node:https';
import type { Service } from './service.js';

/** Microsoft's own clients, pointed at a service and otherwise unchanged. */
export function azureClients(service: Service, application = service.bootstrap) {
  const { url, tenantId, subscriptionId } = service.bootstrap;
  const tlsOptions = { ca: service.ca };
  const credential = new ClientSecretCredential(
    tenantId,
    application.clientId,
    application.clientSecret,
    { authorityHost: url, disableInstanceDiscovery: true, tlsOptions },
  );
  return {
    credential,
    ingestion: new LogsIngestionClient(url, credential, { tlsOptions }),
    query: new LogsQueryClient(credential, { endpoint: `${url}/v1`, tlsOptions }),
    workspaces: new OperationalInsightsManagementClient(credential, subscriptionId, {
      endpoint: url,
      tlsOptions,
    }),
    monitor: new MonitorClient(credential, subscriptionId, { endpoint: url, tlsOptions }),
  };
}

export type AzureClients = ReturnType<typeof azureClients>;

/** Rows of a query as objects. Throws where the result is partial. */
export async function rowsOf(
  clients: Pick<AzureClients, 'query'>,
  workspaceId: string,
  kql: string,
  duration = 'P1D',
): Promise<Record<string, unknown>[]> {
  const result = await clients.query.queryWorkspace(workspaceId, kql, { duration });
  if (result.status !== LogsQueryResultStatus.Success) throw new Error('a partial result');
  const [table] = result.tables;
  if (table === undefined) throw new Error('no table');
  return table.rows.map((row) =>
    Object.fromEntries(table.columnDescriptors.map(({ name }, index) => [name ?? '', row[index]])),
  );
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  /** The body's `error`, where it is JSON in Azure's shape. */
  readonly error: { code: string; message: string; innererror?: unknown } | undefined;
}

/** One request with nothing added or checked by a client library. */
export function raw(
  service: Service,
  options: {
    method: string;
    path: string;
    headers?: Record<string, string>;
    body?: string | Uint8Array;
    cert?: string;
    key?: string;
  },
): Promise<RawAnswer> {
  const base = new URL(service.bootstrap.url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname: base.hostname,
        servername: base.hostname,
        port: base.port,
        ca: service.ca,
        agent: false,
        method: options.method,
        path: options.path,
        headers: options.headers,
        cert: options.cert,
        key: options.key,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          let error: RawAnswer['error'];
          try {
            error = (JSON.parse(text) as { error?: RawAnswer['error'] }).error;
          } catch {
            error = undefined;
          }
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, error });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(options.body);
  });
}

/** A bearer token for the service's own application. */
export async function bearer(service: Service): Promise<string> {
  const { tenantId, clientId, clientSecret, url } = service.bootstrap;
  const answer = await raw(service, {
    method: 'POST',
    path: `/${tenantId}/oauth2/v2.0/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${url}/.default`,
    }).toString(),
  });
  const { access_token: token } = JSON.parse(answer.text) as { access_token: string };
  return `Bearer ${token}`;
}
