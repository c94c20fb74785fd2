import { resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { fromUtf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import { parseVerifierKey, verifyNote } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { findWorkspace } from '../client.js';
import type { Client } from '../client.js';
import { cliError } from '../errors.js';
import { armVersions } from './versions.js';

interface Filter {
  readonly column: string;
  readonly key?: string;
  readonly operator: string;
  readonly value: unknown;
}

interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly table?: string;
  readonly rows?: number;
  readonly requestedBy: string;
  readonly notBefore: string;
  readonly waitsFor?: string;
  readonly certificate?: string;
}

const version = `api-version=${armVersions.workspaces}`;

/** `strongroom purge …` */
export function addPurgeCommands(program: Command, context: Context): void {
  const purge = program
    .command('purge')
    .description(
      'takes single rows away for good: request, list, status, cancel, certificate, verify',
    );
  const operation = async (client: Client, named: string | undefined, id: string) => {
    const { resourceId } = await findWorkspace(client, named);
    return `${resourceId}/operations/${encodeURIComponent(id)}`;
  };

  purge
    .command('request')
    .argument('<table>')
    .requiredOption('--filter <filter...>', "'Column == value'; all of them must hold", readFilter)
    .option('--dry-run', 'only say how many rows would go')
    .option('--yes', 'you mean it')
    .description('asks for a purge; it can be cancelled while it waits')
    .addHelpText(
      'after',
      `
Operators: == =~ in in~ > >= < <= between. A value is JSON where it can be, else text:
  strongroom purge request Syslog --filter 'HostName == web-1' --filter 'TimeGenerated < 2026-01-01' --dry-run
  strongroom purge request App_CL --filter 'Props.user in ["a","b"]' --yes`,
    )
    .action(
      async (
        table: string,
        own: { filter: readonly Filter[]; dryRun?: boolean; yes?: boolean },
        command: Command,
      ) => {
        const options = optionsOf(command);
        if (own.dryRun !== true && own.yes !== true) {
          throw cliError('CLI_USAGE', 'Say --yes, or --dry-run to see what would go.');
        }
        await withClient(context, options, async (client) => {
          const { resourceId } = await findWorkspace(client, options.workspace);
          const dry = own.dryRun === true ? '&dryRun=true' : '';
          const answer = (await client.send('POST', `${resourceId}/purge?${version}${dry}`, {
            table,
            filters: own.filter,
          })) as { operationId?: string; rows?: number; arrivalDays?: number; waitHours?: number };
          await print(context, options, answer, () =>
            answer.operationId === undefined
              ? `${answer.rows ?? 0} rows of ${answer.arrivalDays ?? 0} days would go, after ${answer.waitHours ?? 0} hours\n`
              : `requested: ${answer.operationId}\n`,
          );
        });
      },
    );

  purge
    .command('list')
    .description('purges and deletions, with their states')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, options.workspace);
        const { value } = (await client.get(`${resourceId}/operations?${version}`)) as {
          value: Operation[];
        };
        await printList(context, options, value, {
          Operation: 'id',
          Kind: 'kind',
          Table: 'table',
          State: 'state',
          Rows: 'rows',
          NotBefore: 'notBefore',
          WaitsFor: 'waitsFor',
          RequestedBy: 'requestedBy',
        });
      });
    });

  purge
    .command('status')
    .argument('<operation>')
    .description('one purge or deletion')
    .action(async (id: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const path = await operation(client, options.workspace, id);
        const found = (await client.get(`${path}?${version}`)) as Operation;
        const { certificate: _certificate, ...rest } = found;
        await print(context, options, found, () => `${JSON.stringify(rest, null, 2)}\n`);
      });
    });

  purge
    .command('cancel')
    .argument('<operation>')
    .description('calls off a purge or a deletion that waits')
    .action(async (id: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const path = await operation(client, options.workspace, id);
        const after = await client.send('POST', `${path}/cancel?${version}`);
        await print(context, options, after, () => `cancelled ${id}\n`);
      });
    });

  purge
    .command('certificate')
    .argument('<operation>')
    .description('the signed certificate of a purge or deletion that is done')
    .action(async (id: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const path = await operation(client, options.workspace, id);
        const { certificate, state } = (await client.get(`${path}?${version}`)) as Operation;
        if (certificate === undefined) {
          throw cliError('CLI_NOT_FOUND', `${id} has no certificate: it is ${state}.`);
        }
        await print(context, options, { certificate }, () => certificate);
      });
    });

  purge
    .command('verify')
    .argument('<file>', 'a certificate')
    .requiredOption('--key <text>', 'public key of the ledger, name+hash+base64')
    .description('checks a certificate offline')
    .action(async (file: string, own: { key: string }, command: Command) => {
      const source = fromUtf8(await context.fs.readFile(resolve(context.workingDirectory, file)));
      const verdict = await verifyNote(source, {
        sha256,
        verifySignature: verifyEd25519,
        keys: [parseVerifierKey(sha256, own.key)],
      });
      const [kind, form, body] = verdict.ok ? verdict.value.note.text.split('\n') : [];
      if (!verdict.ok || verdict.value.signatures.length === 0) {
        throw cliError('CLI_VERIFICATION_FAILED', 'The key has not signed this certificate.');
      }
      if (kind?.endsWith('/deletion') !== true || form !== 'v1' || body === undefined) {
        throw cliError('CLI_VERIFICATION_FAILED', 'This is signed, and no deletion certificate.');
      }
      const facts: unknown = JSON.parse(body);
      await print(
        context,
        optionsOf(command),
        facts,
        () =>
          `signed by ${verdict.value.signatures.length} key\n${JSON.stringify(facts, null, 2)}\n`,
      );
    });
}

/** `strongroom retention …` */
export function addRetentionCommands(program: Command, context: Context): void {
  const retention = program
    .command('retention')
    .description('how long rows are kept: show, set, run, confirm-clock');

  retention
    .command('show')
    .option('--all', 'tables that keep what the workspace keeps as well')
    .description('what each table keeps, what stands against expiry, and the clock')
    .action(async (own: { all?: boolean }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, options.workspace);
        const found = (await client.get(
          `${resourceId}/providers/Microsoft.Strongroom/retention?api-version=${armVersions.strongroom}`,
        )) as RetentionAnswer;
        if (options.json === true) {
          await print(context, options, found, () => '');
          return;
        }
        const { clock } = found;
        await context.terminal.out(
          `workspace ${found.workspaceDays} days, last run ${found.lastRun ?? 'not yet'}\n` +
            `clock ${clock.trustedTime}${clock.inDoubt ? `, but the machine says ${clock.machineTime}: see confirm-clock` : ''}\n`,
        );
        const rows = found.tables
          .filter(
            ({ effectiveDays, locks, holds, keptBy, shorteningTakesEffect }) =>
              own.all === true ||
              shorteningTakesEffect !== undefined ||
              effectiveDays !== found.workspaceDays ||
              locks.length + holds.length > 0 ||
              keptBy !== undefined,
          )
          .map((table) => ({ ...table, locks: table.locks.length, holds: table.holds.length }));
        await printList(context, options, rows, {
          Table: 'table',
          Days: 'effectiveDays',
          ShorterFrom: 'shorteningTakesEffect',
          Locks: 'locks',
          Holds: 'holds',
          KeptBy: 'keptBy',
        });
      });
    });

  retention
    .command('set')
    .argument('<days>', 'days that rows are kept', wholeNumber(4, 4_383))
    .option('--table <name>', 'of a table; else of the workspace')
    .option('--total <days>', 'of a table: in all', wholeNumber(4, 4_383))
    .description('changes how long rows are kept; shortening takes effect after 30 days')
    .action(async (days: number, own: { table?: string; total?: number }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId } = await findWorkspace(client, options.workspace);
        const path =
          own.table === undefined
            ? resourceId
            : `${resourceId}/tables/${encodeURIComponent(own.table)}`;
        const after = await client.send('PATCH', `${path}?${version}`, {
          properties: {
            retentionInDays: days,
            ...(own.total === undefined ? {} : { totalRetentionInDays: own.total }),
          },
        });
        await print(context, options, after, () => `rows are kept ${days} days\n`);
      });
    });

  for (const [name, path, description] of [
    ['run', 'expire', 'drops now what has expired, instead of within the hour'],
    ['confirm-clock', 'confirmClock', 'says that the machine’s clock is right after a jump'],
  ] as const) {
    retention
      .command(name)
      .requiredOption('--yes', 'you mean it')
      .description(`${description} (administrators)`)
      .action(async (_own: unknown, command: Command) => {
        const options = optionsOf(command);
        await withClient(context, options, async (client) => {
          const after = (await client.send(
            'POST',
            `/providers/Microsoft.Strongroom/${path}?api-version=${armVersions.strongroom}`,
          )) as RetentionAnswer['clock'];
          await print(context, options, after, () => `done; the clock is ${after.trustedTime}\n`);
        });
      });
  }
}

interface RetentionAnswer {
  readonly workspaceDays: number;
  readonly lastRun?: string;
  readonly clock: {
    readonly machineTime: string;
    readonly trustedTime: string;
    readonly inDoubt: boolean;
  };
  readonly tables: readonly {
    readonly table: string;
    readonly effectiveDays: number;
    readonly shorteningTakesEffect?: string;
    readonly locks: readonly string[];
    readonly holds: readonly string[];
    readonly keptBy?: string;
  }[];
}

function readFilter(text: string, before: readonly Filter[] = []): readonly Filter[] {
  const match =
    /^\s*([A-Za-z_]\w*)(?:\.([^\s=<>]+))?\s*(==|=~|>=|<=|>|<|in~|in\b|between\b)\s*([^]+)$/.exec(
      text,
    );
  const [, column, key, operator, value] = match ?? [];
  if (column === undefined || operator === undefined || value === undefined) {
    throw new InvalidArgumentError("It must be 'Column operator value'.");
  }
  return [
    ...before,
    { column, ...(key === undefined ? {} : { key }), operator, value: readValue(value.trim()) },
  ];
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
