import type { Command } from 'commander';
import type { Context } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { findWorkspace, listWorkspaces } from '../client.js';
import type { Client } from '../client.js';
import { cliError } from '../errors.js';
import { formatTable } from '../terminal.js';
import { armVersions } from './versions.js';

/** `strongroom workspace …` */
export function addWorkspaceCommands(program: Command, context: Context): void {
  const workspace = program.command('workspace').description('workspaces: list, create, delete');

  workspace
    .command('list')
    .description('the workspaces that you may see')
    .action(async (_options: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        await printList(context, options, await listWorkspaces(client), {
          Name: 'name',
          WorkspaceId: 'workspaceId',
          Region: 'region',
          ResourceGroup: 'resourceGroup',
          Roles: 'roles',
        });
      });
    });

  workspace
    .command('show')
    .argument('<name>', 'name, GUID or resource id')
    .description('one workspace with all its properties')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, name);
        const found = await client.get(`${resourceId}?api-version=${armVersions.workspaces}`);
        await print(context, options, found, () => `${JSON.stringify(found, null, 2)}\n`);
      });
    });

  workspace
    .command('create')
    .argument('<name>', '4 to 63 letters, digits and dashes')
    .option('--resource-group <name>', 'resource group; the profile’s otherwise')
    .option('--region <name>', 'region; the service’s otherwise')
    .option('--retention-days <n>', 'days that rows are kept', wholeNumber(1, 4_383))
    .description('makes a workspace with its own key, engine and ledger; you become its owner')
    .action(
      async (
        name: string,
        own: { resourceGroup?: string; region?: string; retentionDays?: number },
        command: Command,
      ) => {
        const options = optionsOf(command);
        await withClient(context, options, async (client) => {
          const scope = await resourceGroupScope(client, own.resourceGroup);
          const region = own.region ?? (await defaultRegion(client));
          const created = (await client.send(
            'PUT',
            `${scope}/providers/Microsoft.OperationalInsights/workspaces/${encodeURIComponent(name)}` +
              `?api-version=${armVersions.workspaces}`,
            {
              location: region,
              properties: {
                sku: { name: 'PerGB2018' },
                ...(own.retentionDays === undefined ? {} : { retentionInDays: own.retentionDays }),
              },
            },
          )) as { id: string; properties: { customerId: string } };
          await print(
            context,
            options,
            created,
            () => `created ${name}, workspace id ${created.properties.customerId}\n`,
          );
        });
      },
    );

  workspace
    .command('delete')
    .argument('<name>', 'name, GUID or resource id')
    .requiredOption('--yes', 'you mean it')
    .option(
      '--force',
      'after the wait of a purge, without the 14 days in which it can be recovered',
    )
    .option('--dry-run', 'only say what would go')
    .description(
      'deletes a workspace with everything in it; creating it anew recovers it meanwhile',
    )
    .action(async (name: string, own: { force?: boolean; dryRun?: boolean }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, name);
        const force = own.force === true ? '&force=true' : '';
        if (own.dryRun === true) {
          const would = await client.send(
            'DELETE',
            `${resourceId}?api-version=${armVersions.workspaces}${force}&dryRun=true`,
          );
          await print(context, options, would, () => `${JSON.stringify(would, null, 2)}\n`);
          return;
        }
        await client.send('DELETE', `${resourceId}?api-version=${armVersions.workspaces}${force}`);
        await print(context, options, { deleted: resourceId }, () => `deleted ${name}\n`);
      });
    });
}

/** `strongroom table …` */
export function addTableCommands(program: Command, context: Context): void {
  const table = program
    .command('table')
    .description('tables of a workspace: list, show, create, delete');

  table
    .command('list')
    .option('--custom', 'only the workspace’s own tables')
    .description('tables with their columns’ number')
    .action(async (own: { custom?: boolean }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, options.workspace);
        const list = (await client.get(
          `${resourceId}/tables?api-version=${armVersions.tables}`,
        )) as { value: ArmTable[] };
        const rows = list.value
          .filter(({ name }) => own.custom !== true || name.endsWith('_CL'))
          .map(({ name, properties }) => ({
            name,
            plan: properties.plan,
            columns: columnsOf(properties).length,
            retentionInDays: properties.retentionInDays,
          }));
        await printList(context, options, rows, {
          Name: 'name',
          Plan: 'plan',
          Columns: 'columns',
          RetentionDays: 'retentionInDays',
        });
      });
    });

  table
    .command('show')
    .argument('<table>')
    .description('columns of one table')
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, options.workspace);
        const found = (await client.get(
          `${resourceId}/tables/${encodeURIComponent(name)}?api-version=${armVersions.tables}`,
        )) as ArmTable;
        await print(context, options, found, () =>
          formatTable(
            ['Column', 'Type'],
            columnsOf(found.properties).map((column) => [column.name, column.type]),
            context.terminal.columns,
          ),
        );
      });
    });

  table
    .command('create')
    .argument('<table>', 'name ending in _CL')
    .argument('<columns...>', 'name:type, e.g. TimeGenerated:datetime Message:string Count:long')
    .description('makes a custom table; TimeGenerated:datetime is added where it is not named')
    .action(async (name: string, columns: string[], _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, options.workspace);
        const parsed = columns.map(parseColumn);
        if (!parsed.some((column) => column.name === 'TimeGenerated')) {
          parsed.unshift({ name: 'TimeGenerated', type: 'datetime' });
        }
        const created = await client.send(
          'PUT',
          `${resourceId}/tables/${encodeURIComponent(name)}?api-version=${armVersions.tables}`,
          { properties: { schema: { name, columns: parsed } } },
        );
        await print(context, options, created, () => `created ${name}\n`);
      });
    });

  table
    .command('delete')
    .argument('<table>')
    .requiredOption('--yes', 'you mean it')
    .description('deletes a custom table with its rows')
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, options.workspace);
        await client.send(
          'DELETE',
          `${resourceId}/tables/${encodeURIComponent(name)}?api-version=${armVersions.tables}`,
        );
        await print(context, options, { deleted: name }, () => `deleted ${name}\n`);
      });
    });
}

interface ArmColumn {
  readonly name: string;
  readonly type: string;
}
interface ArmTable {
  readonly name: string;
  readonly properties: {
    readonly plan: string;
    readonly retentionInDays: number;
    readonly schema: {
      readonly columns?: readonly ArmColumn[];
      readonly standardColumns?: readonly ArmColumn[];
    };
  };
}

const columnsOf = ({ schema }: ArmTable['properties']): readonly ArmColumn[] => [
  ...(schema.standardColumns ?? []),
  ...(schema.columns ?? []),
];

function parseColumn(text: string): ArmColumn {
  const match = /^([A-Za-z_]\w*):([A-Za-z]+)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw cliError('CLI_USAGE', `${text} is not name:type.`);
  }
  return { name: match[1], type: match[2] };
}

/** The resource group that new things go to. */
async function resourceGroupScope(client: Client, named: string | undefined): Promise<string> {
  const { subscriptionId, resourceGroup } = client.profile;
  const first = subscriptionId === undefined ? (await listWorkspaces(client))[0] : undefined;
  const subscription = subscriptionId ?? first?.subscriptionId;
  const group = named ?? resourceGroup ?? first?.resourceGroup;
  if (subscription === undefined || group === undefined) {
    throw cliError('CLI_USAGE', 'Which resource group? Name it with --resource-group.');
  }
  return `/subscriptions/${subscription}/resourceGroups/${encodeURIComponent(group)}`;
}

async function defaultRegion(client: Client): Promise<string> {
  const [first] = await listWorkspaces(client);
  if (first === undefined) throw cliError('CLI_USAGE', 'Which region? Name it with --region.');
  return first.region;
}
