import type { Command } from 'commander';
import { findWorkspace } from '../client.js';
import type { Client } from '../client.js';
import type { Context, GlobalOptions } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { armVersions } from './versions.js';

/** An export, as the service shows it. */
interface ShownExport {
  readonly name: string;
  readonly properties: {
    readonly dataExportId: string;
    readonly tableNames: readonly string[];
    readonly enable: boolean;
    readonly everySeconds: number;
    readonly strongroom: {
      readonly target: string;
      readonly targetKind: string;
      readonly place: string;
      readonly tables: readonly {
        readonly table: string;
        readonly state: string;
        readonly reason: string;
        readonly files: number;
        readonly exported: string;
        readonly positionsBehind: string;
        readonly secondsBehind: number;
      }[];
    };
  };
}

/** `strongroom export …` */
export function addExportCommands(program: Command, context: Context): void {
  const group = program
    .command('export')
    .description('continuous export of tables, with proofs: create, list, status, delete');
  const pathOf = async (client: Client, options: GlobalOptions, name = ''): Promise<string> => {
    const { resourceId } = await findWorkspace(client, options.workspace);
    const rest = name === '' ? '' : `/${encodeURIComponent(name)}`;
    return `${resourceId}/dataExports${rest}?api-version=${armVersions.workspaces}`;
  };

  group
    .command('create')
    .argument('<name>')
    .requiredOption('--table <name...>', 'tables to export, from their first row on')
    .requiredOption('--target <name>', 'a target of the service: its --export-targets file')
    .option('--every <seconds>', 'make a file of new rows so often', wholeNumber(1, 86_400), 300)
    .option('--disabled', 'do not begin yet')
    .description('begins to export tables; the same name again changes tables and pace')
    .action(
      async (
        name: string,
        own: { table: string[]; target: string; every: number; disabled?: boolean },
        command: Command,
      ) => {
        const options = optionsOf(command);
        await withClient(context, options, async (client) => {
          const made = (await client.send('PUT', await pathOf(client, options, name), {
            properties: {
              tableNames: own.table,
              destination: {
                resourceId: `/providers/Microsoft.Strongroom/exportTargets/${own.target}`,
              },
              enable: own.disabled !== true,
              everySeconds: own.every,
            },
          })) as ShownExport;
          await print(
            context,
            options,
            made,
            () =>
              `exports ${made.properties.tableNames.join(', ')} to ${made.properties.strongroom.place}\n`,
          );
        });
      },
    );

  group
    .command('list')
    .description('the exports of the workspace')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { value } = (await client.get(await pathOf(client, options))) as {
          value: ShownExport[];
        };
        const rows = value.map(({ name, properties }) => ({
          name,
          tables: properties.tableNames.join(', '),
          target: properties.strongroom.target,
          place: properties.strongroom.place,
          enabled: properties.enable,
        }));
        await printList(context, options, rows, {
          Name: 'name',
          Tables: 'tables',
          Target: 'target',
          Place: 'place',
          Enabled: 'enabled',
        });
      });
    });

  group
    .command('status')
    .argument('<name>')
    .description('how far each table is, and how far behind')
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const shown = (await client.get(await pathOf(client, options, name))) as ShownExport;
        await printList(context, options, shown.properties.strongroom.tables, {
          Table: 'table',
          State: 'state',
          Reason: 'reason',
          Files: 'files',
          'Exported to': 'exported',
          'Positions behind': 'positionsBehind',
          'Seconds behind': 'secondsBehind',
        });
      });
    });

  group
    .command('delete')
    .argument('<name>')
    .requiredOption('--yes', 'you mean it')
    .description('ends an export; what it wrote stays')
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        await client.send('DELETE', await pathOf(client, options, name));
        await print(context, options, { deleted: name }, () => `ended the export ${name}\n`);
      });
    });
}
