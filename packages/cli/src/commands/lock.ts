import { resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { fromBase64, fromUtf8, toBase64, utf8 } from '@strongroom/base';
import { portalPaths } from '@strongroom/api';
import { ed25519Signer } from '@strongroom/keys';
import type { Ed25519Signer } from '@strongroom/keys';
import type { Context, GlobalOptions } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { findWorkspace } from '../client.js';
import type { Client } from '../client.js';
import { cliError } from '../errors.js';
import { armVersions } from './versions.js';

interface ScopeOptions {
  readonly table?: string;
  readonly scope?: string;
}

/** The resource id that a lock or a hold is about. */
async function scopeOf(client: Client, options: GlobalOptions & ScopeOptions): Promise<string> {
  if (options.scope !== undefined) return options.scope.replace(/\/$/, '');
  const { resourceId } = await findWorkspace(client, options.workspace);
  return options.table === undefined
    ? resourceId
    : `${resourceId}/tables/${encodeURIComponent(options.table)}`;
}

interface ArmLock {
  readonly id: string;
  readonly name: string;
  readonly properties: { readonly level: string; readonly notes?: string };
}

/** `strongroom lock …` */
export function addLockCommands(program: Command, context: Context): void {
  const lock = program
    .command('lock')
    .description('locks that stand against deletion, purge and expiry: set, list, remove');
  const withScope = (command: Command): Command =>
    command
      .option('--table <name>', 'a table of the workspace')
      .option('--scope <id>', 'another scope: a subscription or resource group id');
  const at = (scope: string, name: string): string =>
    `${scope}/providers/Microsoft.Authorization/locks/${encodeURIComponent(name)}` +
    `?api-version=${armVersions.locks}`;

  withScope(lock.command('set'))
    .argument('<name>')
    .option('--read-only', 'also against every change, not only what takes data away')
    .option('--notes <text>', 'why')
    .description('sets a lock on the workspace, a table of it, or another scope')
    .action(async (name: string, own: { readOnly?: boolean; notes?: string }, command: Command) => {
      const options = optionsOf<ScopeOptions>(command);
      await withClient(context, options, async (client) => {
        const scope = await scopeOf(client, options);
        const level = own.readOnly === true ? 'ReadOnly' : 'CanNotDelete';
        const made = await client.send('PUT', at(scope, name), {
          properties: { level, ...(own.notes === undefined ? {} : { notes: own.notes }) },
        });
        await print(context, options, made, () => `locked ${scope} (${level})\n`);
      });
    });

  withScope(lock.command('list'))
    .description('the locks that hold here: of this scope, above it and below it')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf<ScopeOptions>(command);
      await withClient(context, options, async (client) => {
        const scope = await scopeOf(client, options);
        const { value } = (await client.get(
          `${scope}/providers/Microsoft.Authorization/locks?api-version=${armVersions.locks}`,
        )) as { value: ArmLock[] };
        const rows = value.map(({ id, name, properties }) => ({
          name,
          level: properties.level,
          scope: id.slice(0, id.toLowerCase().lastIndexOf('/providers/microsoft.authorization/')),
          notes: properties.notes ?? '',
        }));
        await printList(context, options, rows, {
          Name: 'name',
          Level: 'level',
          Scope: 'scope',
          Notes: 'notes',
        });
      });
    });

  withScope(lock.command('remove'))
    .argument('<name>')
    .requiredOption('--yes', 'you mean it')
    .description('removes a lock')
    .action(async (name: string, _own: unknown, command: Command) => {
      const options = optionsOf<ScopeOptions>(command);
      await withClient(context, options, async (client) => {
        const scope = await scopeOf(client, options);
        await client.send('DELETE', at(scope, name));
        await print(context, options, { removed: name }, () => `removed the lock ${name}\n`);
      });
    });
}

interface Hold {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly state: string;
    readonly reason: string;
    readonly approvalsNeeded: number;
    readonly approvers: readonly { readonly name: string; readonly publicKey: string }[];
    readonly approvals: readonly { readonly name: string }[];
    readonly placedAt: string;
    readonly liftingStatement: string;
  };
}

const keyHead = 'strongroom approver key v1';

/** `strongroom hold …` */
export function addHoldCommands(program: Command, context: Context): void {
  const hold = program
    .command('hold')
    .description('holds that one person cannot lift: key, place, list, approve');
  const holdsPath = (scope: string, rest = ''): string =>
    `${scope}/providers/Microsoft.Strongroom/holds${rest}?api-version=${armVersions.strongroom}`;
  const list = async (client: Client, options: GlobalOptions): Promise<readonly Hold[]> => {
    const { resourceId } = await findWorkspace(client, options.workspace);
    return ((await client.get(holdsPath(resourceId))) as { value: Hold[] }).value;
  };

  hold
    .command('key')
    .argument('<file>', 'where the key goes; it must not exist')
    .description('makes the key of an approver; give away the public key that it prints')
    .action(async (file: string, _own: unknown, command: Command) => {
      const seed = context.random.bytes(32);
      const publicKey = toBase64(ed25519Signer(seed).publicKey);
      const path = resolve(context.workingDirectory, file);
      const made = await context.fs.open(path, 'create', 0o600);
      try {
        await made.write(0, utf8(`${keyHead}\n${publicKey}\n${toBase64(seed)}\n`));
        await made.sync();
      } finally {
        await made.close();
        seed.fill(0);
      }
      await print(context, optionsOf(command), { publicKey }, () => `${publicKey}\n`);
    });

  hold
    .command('place')
    .requiredOption('--reason <text>', 'why')
    .requiredOption('--needed <n>', 'approvers that must agree to lift it', wholeNumber(2, 32))
    .requiredOption(
      '--approver <name=key...>',
      'name and public key of each approver',
      readApprover,
    )
    .option('--table <name>', 'a table of the workspace; else all of it')
    .description('places a hold: nothing under it is deleted, purged or expires')
    .action(
      async (
        own: { reason: string; needed: number; approver: readonly Approver[]; table?: string },
        command: Command,
      ) => {
        const options = optionsOf<ScopeOptions>(command);
        await withClient(context, options, async (client) => {
          const scope = await scopeOf(client, options);
          const placed = (await client.send('POST', holdsPath(scope), {
            properties: {
              reason: own.reason,
              approvalsNeeded: own.needed,
              approvers: own.approver,
            },
          })) as Hold;
          await print(context, options, placed, () => `placed the hold ${placed.name}\n`);
        });
      },
    );

  hold
    .command('list')
    .description('the holds of the workspace and its tables')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const rows = (await list(client, options)).map(({ id, name, properties }) => ({
          name,
          state: properties.state,
          approvals: `${properties.approvals.length} of ${properties.approvalsNeeded}`,
          approvers: properties.approvers.map((each) => each.name).join(', '),
          scope: id.slice(0, id.lastIndexOf('/providers/')),
          reason: properties.reason,
        }));
        await printList(context, options, rows, {
          Hold: 'name',
          State: 'state',
          Approvals: 'approvals',
          Approvers: 'approvers',
          Scope: 'scope',
          Reason: 'reason',
        });
      });
    });

  hold
    .command('approve-epoch')
    .requiredOption('--key <file>', 'your approver key')
    .description('signs that the workspace may go on from the earlier point it was restored to')
    .action(async (own: { key: string }, command: Command) => {
      const options = optionsOf(command);
      const signer = await readApproverKey(context, own.key);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        const path = portalPaths.epochApproval(workspaceId);
        const asked = (await client.get(path)) as PendingEpoch;
        if (!asked.pending) throw cliError('CLI_NOT_FOUND', 'No restore waits for approval.');
        const statement = asked.approvalStatement ?? '';
        const signature = toBase64(await signer.sign(utf8(statement)));
        const after = (await client.send('POST', path, { signature })) as PendingEpoch;
        await print(
          context,
          options,
          after,
          () =>
            `signed:\n${statement}\n` +
            (after.pending
              ? (after.holds ?? [])
                  .map(
                    (each) =>
                      `hold ${each.id}: ${each.approved.length} of ${each.approvalsNeeded}\n`,
                  )
                  .join('')
              : 'agents and clients accept the restore now\n'),
        );
      });
    });

  hold
    .command('approve')
    .argument('<hold>')
    .requiredOption('--key <file>', 'your approver key')
    .description('signs that a hold may be lifted; enough signatures lift it')
    .action(async (name: string, own: { key: string }, command: Command) => {
      const options = optionsOf(command);
      const signer = await readApproverKey(context, own.key);
      await withClient(context, options, async (client) => {
        const found = (await list(client, options)).find((each) => each.name === name);
        if (found === undefined) throw cliError('CLI_NOT_FOUND', `There is no hold ${name}.`);
        const { liftingStatement } = found.properties;
        const signature = toBase64(await signer.sign(utf8(liftingStatement)));
        const scope = found.id.slice(0, found.id.lastIndexOf('/providers/'));
        const after = (await client.send('POST', holdsPath(scope, `/${name}/approve`), {
          signature,
        })) as Hold;
        const { state, approvals, approvalsNeeded } = after.properties;
        await print(
          context,
          options,
          after,
          () =>
            `signed:\n${liftingStatement}\n${approvals.length} of ${approvalsNeeded}, ${state}\n`,
        );
      });
    });
}

/** A restore to an earlier point that holds stand over. */
interface PendingEpoch {
  readonly pending: boolean;
  readonly approvalStatement?: string;
  readonly holds?: readonly {
    readonly id: string;
    readonly approvalsNeeded: number;
    readonly approved: readonly string[];
  }[];
}

async function readApproverKey(context: Context, file: string): Promise<Ed25519Signer> {
  const text = fromUtf8(await context.fs.readFile(resolve(context.workingDirectory, file)));
  const [head, , seed] = text.split('\n');
  if (head !== keyHead || seed === undefined) {
    throw cliError('CLI_USAGE', `${file} is no approver key.`);
  }
  return ed25519Signer(fromBase64(seed));
}

interface Approver {
  readonly name: string;
  readonly publicKey: string;
}

function readApprover(text: string, before: readonly Approver[] = []): readonly Approver[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be NAME=KEY.');
  return [...before, { name: text.slice(0, at), publicKey: text.slice(at + 1) }];
}
