import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cli, cliJson, signInAdministrator } from '../support/cli.js';
import { azureClients, rowsOf } from '../support/clients.js';
import type { AzureClients } from '../support/clients.js';
import { eventually, Service } from '../support/service.js';

/**
 * Whatever is done is written down where those can read it whom it concerns: acts on a workspace in
 * its `AzureActivity`, its queries in its `LAQueryLogs`, the rest in the service's own journal.
 */
let service: Service;
let clients: AzureClients;
let application: { id: string; clientId: string; clientSecret: string };
before(async () => {
  service = await Service.start();
  await signInAdministrator(service);
  clients = azureClients(service);
  application = await cliJson(service, ['application', 'create', 'outsider']);
});
after(() => service.remove());

type Row = Record<string, unknown>;
const ask = (kql: string) => rowsOf(clients, service.bootstrap.workspaceId, kql);
const found = (kql: string, count = 1): Promise<Row[]> =>
  eventually(
    () => ask(kql),
    (rows) => rows.length >= count,
  );

/** The service's own audit, read offline while it runs. */
const serviceAudit = (): Promise<Row[]> => cliJson<Row[]>(service, ['audit', service.data]);
const has = (rows: readonly Row[], wanted: Row): boolean =>
  rows.some((row) => Object.entries(wanted).every(([name, value]) => row[name] === value));

test('an administrative act is in AzureActivity of its workspace: who, what, how it ended', async () => {
  await cliJson(service, ['table', 'create', 'Acts_CL', 'Text:string']);
  await cliJson(service, ['role', 'assign', 'Reader', application.id]);
  const acts = await found(
    'AzureActivity | where OperationNameValue has "tables/write" and _ResourceId has "acts_cl"',
  );
  assert.ok(has(acts, { Caller: service.administrator.name, ActivityStatus: 'Succeeded' }));
  const roles = await found(
    'AzureActivity | where OperationNameValue has "roleAssignments/write" | take 5',
  );
  assert.ok(has(roles, { Caller: service.administrator.name, ActivityStatus: 'Succeeded' }));
});

test('a refused act is there as well', async () => {
  await cliJson(service, ['role', 'remove', 'Reader', application.id]);
  const outsider = azureClients(service, { ...service.bootstrap, ...application });
  const { resourceGroup, workspaceName } = service.bootstrap;
  await assert.rejects(outsider.workspaces.tables.migrate(resourceGroup, workspaceName, 'Acts_CL'));
  await assert.rejects(outsider.workspaces.workspaces.get(resourceGroup, workspaceName));
  const rows = await found(
    'AzureActivity | where ActivityStatus == "Refused" | project Caller, ActivityStatusValue',
  );
  const refused = { Caller: application.clientId, ActivityStatusValue: 'Failure' };
  assert.ok(has(rows, refused), JSON.stringify(rows));
});

test('each query has one row of LAQueryLogs: who, what, status and rows', async () => {
  await ask('print marker = "audited"');
  await assert.rejects(ask('print marker = "misspelt" | where nothing == 1'));
  const asked = 'LAQueryLogs | where QueryText startswith "print marker"';
  const rows = await found(`${asked} | sort by TimeGenerated asc`, 2);
  assert.equal(rows.length, 2);
  assert.equal(rows[0]?.['QueryText'], 'print marker = "audited"');
  assert.equal(rows[0]?.['ResponseCode'], 200);
  assert.equal(rows[0]?.['ResponseRowCount'], 1);
  assert.ok(String(rows[0]?.['AADClientId']).length > 0);
  assert.equal(rows[1]?.['ResponseCode'], 400);
  const byUser = await cli(service, ['query', 'print marker = "person"']);
  assert.equal(byUser.code, 0, byUser.notes);
  const persons = await found(`${asked} | where QueryText has "person"`);
  assert.equal(persons.length, 1);
  assert.equal(persons[0]?.['AADEmail'], service.administrator.name);
});

test('a refused query is written down, where nothing of the workspace was told', async () => {
  const outsider = azureClients(service, { ...service.bootstrap, ...application });
  await assert.rejects(
    rowsOf(outsider, service.bootstrap.workspaceId, 'print marker = "refused"'),
    { statusCode: 403 },
  );
  const rows = await found(
    'union LAQueryLogs, AzureActivity | where ResponseCode == 403 or ActivityStatus == "Refused"',
  );
  assert.ok(rows.length >= 1);
});

test('sign-ins, failed and good, users and applications are in the service’s audit', async () => {
  const failed = await cli(
    service,
    ['--data', service.data, 'login', '--user', 'admin', '--password-stdin'],
    {
      input: 'not the password\n',
      environment: { HOME: join(service.directory, 'guesser') },
    },
  );
  assert.equal(failed.code, 3);
  await cliJson(service, ['user', 'create', 'rita']);
  const rows = await serviceAudit();
  const signIn = 'Microsoft.Strongroom/signIn/action';
  assert.ok(
    has(rows, { OperationNameValue: signIn, ActivityStatus: 'Succeeded', Caller: 'admin' }),
  );
  assert.ok(has(rows, { OperationNameValue: signIn, ActivityStatus: 'Refused', Caller: 'admin' }));
  const users = 'Microsoft.Strongroom/users/write';
  const made = { OperationNameValue: users, ActivityStatus: 'Succeeded', Caller: 'admin' };
  assert.ok(has(rows, made));
  assert.ok(has(rows, { ...made, ResourceId: application.clientId }));
  const text = JSON.stringify(rows);
  assert.ok(!text.includes('not the password') && !text.includes(service.administrator.password));
  assert.ok(!text.includes(application.clientSecret));
});

test('the service’s audit is read by nobody without the root key', async () => {
  const other = await cli(service, [
    'audit',
    service.data,
    '--root-key',
    join(service.directory, 'absent.key'),
  ]);
  assert.equal(other.code, 1);
  assert.match(other.notes, /root key/);
});
