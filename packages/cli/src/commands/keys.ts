import { resolve } from 'node:path';
import type { Command } from 'commander';
import { fromUtf8 } from '@strongroom/base';
import { changeLocalKeystore, describeLocalKeystore } from '@strongroom/keys';
import type { Context, GlobalOptions } from '../context.js';
import { optionsOf, print, withClient } from '../context.js';
import { findWorkspace } from '../client.js';
import type { Client } from '../client.js';
import { cliError } from '../errors.js';
import { formatTable } from '../terminal.js';
import { defaultRootKey } from '../workspace-files.js';
import { armVersions } from './versions.js';

interface WorkspaceStatus {
  readonly workspaceId: string;
  readonly name: string;
  readonly provider: string;
  readonly managedBy: string;
  readonly state: string;
  readonly keys: readonly {
    readonly keyId: string;
    readonly kind: string;
    readonly state: string;
    readonly created: string;
    readonly segments?: number;
  }[];
  readonly nextRotation: string;
  readonly signing: { readonly verifierKey: string; readonly underOldKey: boolean };
  readonly agentsUnderOldAuthority: number;
  readonly disk?: {
    readonly current: number;
    readonly created?: string;
    readonly rotating: boolean;
    readonly bytes: number;
    readonly bytesUnderOldKeys: number;
    readonly filesUnderOldKeys: number;
  };
}

interface ServiceStatus {
  readonly root: {
    readonly provider: string;
    readonly keys?: readonly string[];
    readonly sealed?: boolean;
  };
  readonly signing: {
    readonly publicKey: string;
    readonly created: string;
    readonly nextRotation: string;
    readonly earlierKeys: number;
    readonly ledgersUnderOldKeys: number;
  };
  readonly authority: {
    readonly fingerprint: string;
    readonly created: string;
    readonly nextRotation: string;
    readonly earlier?: {
      readonly fingerprint: string;
      readonly until: string;
      readonly agents: number;
    };
  };
  readonly rotationDays: number;
  readonly files: readonly { readonly name: string; readonly wrappedBy: string }[];
  readonly underOldRoot: number;
}

/** `strongroom keys …`: what lies under which key, and replacing keys. */
export function addKeyCommands(program: Command, context: Context): void {
  const keys = program
    .command('keys')
    .description('keys: status, rotate, link to a vault, seal the root key file');
  addStatusCommands(keys, context);
  addRotateCommands(keys, context);
  addLinkCommands(keys, context);
  addRootFileCommands(keys, context);
}

function addStatusCommands(keys: Command, context: Context): void {
  keys
    .command('status')
    .description('the keys of a workspace: who holds them, and how much is still under older ones')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const status = (await client.get(await keysPath(client, options))) as WorkspaceStatus;
        await print(context, options, status, () => workspaceText(status, context));
      });
    });

  keys
    .command('list')
    .description('the service’s own keys and what wraps them')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const status = (await client.get('/api/keys')) as ServiceStatus;
        await print(context, options, status, () => serviceText(status, context));
      });
    });
}

const rotatedParts: readonly string[] = ['workspace', 'disk', 'signing', 'ca'];

function addRotateCommands(keys: Command, context: Context): void {
  keys
    .command('rotate')
    .argument('[part]', 'workspace, disk (both without it), or of the service: signing, ca')
    .option('--what <part>', 'the same as the argument')
    .description('replaces keys; what is written anew goes on by itself')
    .addHelpText(
      'after',
      `
  strongroom keys rotate                   the workspace's key, and the key of its engine's disks
  strongroom keys rotate --what signing    the key that signs checkpoints; the old one vouches for it
  strongroom keys rotate --what ca         the authority that agents' certificates come from`,
    )
    .action(async (argument: string | undefined, own: { what?: string }, command: Command) => {
      const options = optionsOf(command);
      const part = argument ?? own.what;
      if (part !== undefined && !rotatedParts.includes(part)) {
        throw cliError('CLI_USAGE', `${part} is none of ${rotatedParts.join(', ')}.`);
      }
      await withClient(context, options, async (client) => {
        if (part === 'signing' || part === 'ca') {
          const status = (await client.send(
            'POST',
            `/api/keys/${part}/rotate`,
            {},
          )) as ServiceStatus;
          await print(context, options, status, () => serviceText(status, context));
          return;
        }
        const path = await keysPath(client, options);
        const body = part === undefined ? {} : { parts: [part] };
        const status = (await client.send('POST', `${path}/rotate`, body)) as WorkspaceStatus;
        await print(context, options, status, () => workspaceText(status, context));
      });
    });

  keys
    .command('destroy')
    .requiredOption('--yes', 'you mean it')
    .option('--certificate <file>', 'where the signed certificate is written; printed without it')
    .description('destroys a workspace’s keys: nothing stored can ever be read again')
    .action(async (own: { certificate?: string }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { workspaceId, name } = await findWorkspace(client, options.workspace);
        const { certificate } = (await client.send(
          'POST',
          `/api/workspaces/${workspaceId}/keys/destroy`,
          { confirm: name },
        )) as { certificate: string };
        if (own.certificate !== undefined) {
          const path = resolve(context.workingDirectory, own.certificate);
          const file = await context.fs.open(path, 'create', 0o644);
          try {
            await file.write(0, new TextEncoder().encode(certificate));
            await file.sync();
          } finally {
            await file.close();
          }
        }
        await print(context, options, { certificate }, () =>
          own.certificate === undefined ? certificate : `destroyed the keys of ${name}\n`,
        );
      });
    });

  const authority = keys.command('ca').description('the authority of certificates');
  authority
    .command('prune')
    .requiredOption('--yes', 'you mean it')
    .description('ends its earlier key now: agents whose certificate is by it must enrol anew')
    .action(async (_own: unknown, called: Command) => {
      const options = optionsOf(called);
      await withClient(context, options, async (client) => {
        const status = (await client.send('POST', '/api/keys/ca/prune', {})) as ServiceStatus;
        await print(context, options, status, () => serviceText(status, context));
      });
    });

  const root = keys.command('root').description('the service’s root key, where it is a file');
  for (const [verb, said, about] of [
    ['rotate', 'rotated', 'replaces it and wraps anew what it wrapped; older ones still unwrap'],
    [
      'prune',
      'pruned',
      'lets go of older root keys; a backup that one of them wrapped cannot be opened then',
    ],
  ] as const) {
    const command = root.command(verb).description(about);
    if (verb === 'prune') command.requiredOption('--yes', 'you mean it');
    command.action(async (_own: unknown, called: Command) => {
      const options = optionsOf(called);
      await withClient(context, options, async (client) => {
        const status = (await client.send('POST', `/api/keys/root/${verb}`, {})) as ServiceStatus;
        await print(
          context,
          options,
          status,
          () => `${said}\n${serviceText(status, context)}Copy the root key file anew.\n`,
        );
      });
    });
  }
}

function addLinkCommands(keys: Command, context: Context): void {
  keys
    .command('link')
    .argument('<vault>', 'https://NAME.vault.azure.net, transit:https://HOST/MOUNT, pkcs11:token=T')
    .argument('<key>', 'name of the key there')
    .option('--key-version <version>', 'the newest without it')
    .option('--cluster <name>', 'name of the cluster resource', 'customer-key')
    .description('puts a workspace under a key of your own')
    .action(
      async (
        vault: string,
        key: string,
        own: { keyVersion?: string; cluster: string },
        command: Command,
      ) => {
        const options = optionsOf(command);
        await withClient(context, options, async (client) => {
          const workspace = await findWorkspace(client, options.workspace);
          const { resourceId, region } = workspace;
          const scope = resourceId.slice(0, resourceId.toLowerCase().indexOf('/workspaces/'));
          const cluster = `${scope}/clusters/${encodeURIComponent(own.cluster)}`;
          const version = `?api-version=${armVersions.workspaces}`;
          await client.send('PUT', `${cluster}${version}`, {
            location: region,
            properties: {
              keyVaultProperties: {
                keyVaultUri: vault,
                keyName: key,
                keyVersion: own.keyVersion ?? '',
              },
            },
          });
          const linked = await client.send(
            'PUT',
            `${resourceId}/linkedServices/Cluster${version}`,
            {
              properties: { writeAccessResourceId: cluster },
            },
          );
          await print(context, options, linked, () => `${workspace.name} is under ${key}\n`);
        });
      },
    );

  keys
    .command('unlink')
    .requiredOption('--yes', 'you mean it')
    .description('puts a workspace back under the service’s own key')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { resourceId, name } = await findWorkspace(client, options.workspace);
        const version = `?api-version=${armVersions.workspaces}`;
        await client.send('DELETE', `${resourceId}/linkedServices/Cluster${version}`);
        await print(context, options, { unlinked: resourceId }, () => `unlinked ${name}\n`);
      });
    });
}

/** The file itself, with the service stopped: no service is asked. */
function addRootFileCommands(keys: Command, context: Context): void {
  const fileOption = '--root-key <file>';
  const about = 'root key file; otherwise that of this account';
  const passphraseFile = '--passphrase-file <file>';

  keys
    .command('inspect')
    .option(fileOption, about)
    .description('what a root key file says of itself: ids, and whether a passphrase seals it')
    .action(async (own: { rootKey?: string }, command: Command) => {
      const path = rootKeyPath(context, own.rootKey);
      const file = await describeLocalKeystore({ path, fs: context.fs });
      await print(
        context,
        optionsOf(command),
        { path, ...file },
        () =>
          `${path}: ${file.sealed ? 'sealed by a passphrase' : 'not sealed'}\n` +
          file.ids.map((id, at) => `  ${id}${at === 0 ? ' current' : ''}\n`).join(''),
      );
    });

  for (const [verb, text] of [
    ['seal', 'seals the root key file by a passphrase (Argon2id); then start with it'],
    ['unseal', 'lets the root key file lie plain again'],
  ] as const) {
    keys
      .command(verb)
      .option(fileOption, about)
      .requiredOption(passphraseFile, 'file with the passphrase; its line end does not count')
      .description(text)
      .action(async (own: { rootKey?: string; passphraseFile: string }, command: Command) => {
        const { fs, random, workingDirectory } = context;
        const path = rootKeyPath(context, own.rootKey);
        const bytes = await fs.readFile(resolve(workingDirectory, own.passphraseFile));
        const passphrase = fromUtf8(bytes).replace(/\r?\n$/, '');
        const { sealed } = await describeLocalKeystore({ path, fs });
        if (sealed === (verb === 'seal')) {
          throw cliError('CLI_USAGE', sealed ? 'It is sealed already.' : 'It is not sealed.');
        }
        const at = { path, fs, random, create: false };
        await changeLocalKeystore(sealed ? { ...at, passphrase } : at, {
          passphrase: sealed ? null : passphrase,
        });
        const file = await describeLocalKeystore({ path, fs });
        await print(context, optionsOf(command), { path, ...file }, () =>
          file.sealed
            ? `sealed ${path}\nStart the service with --root-passphrase-file, and keep the passphrase elsewhere as well.\n`
            : `unsealed ${path}\n`,
        );
      });
  }
}

const rootKeyPath = (context: Context, given: string | undefined): string =>
  given === undefined ? defaultRootKey(context) : resolve(context.workingDirectory, given);

async function keysPath(client: Client, options: GlobalOptions): Promise<string> {
  const { workspaceId } = await findWorkspace(client, options.workspace);
  return `/api/workspaces/${workspaceId}/keys`;
}

function workspaceText(status: WorkspaceStatus, context: Context): string {
  const { disk } = status;
  const lines = [
    `${status.name}: key held by the ${status.managedBy}, ${status.state}`,
    `provider  ${status.provider}`,
    `rotation  next ${status.nextRotation}`,
    `signing   ${status.signing.verifierKey}${status.signing.underOldKey ? ', to be replaced' : ''}`,
    ...(status.agentsUnderOldAuthority === 0
      ? []
      : [
          `agents    ${status.agentsUnderOldAuthority} have certificates by the authority’s old key`,
        ]),
    ...(disk === undefined
      ? []
      : [
          `engine    key ${disk.current}${disk.created === undefined ? '' : ` of ${disk.created}`}` +
            `${disk.rotating ? ', being written anew' : ''}: ${disk.bytes} bytes, of them ` +
            `${disk.bytesUnderOldKeys} in ${disk.filesUnderOldKeys} files under older keys`,
        ]),
  ];
  const table = formatTable(
    ['Key', 'Kind', 'State', 'Made', 'Segments'],
    status.keys.map((key) => [key.keyId, key.kind, key.state, key.created, key.segments ?? '']),
    context.terminal.columns,
  );
  return `${lines.join('\n')}\n${table}`;
}

function serviceText(status: ServiceStatus, context: Context): string {
  const { root, authority } = status;
  const sealed = root.sealed === true ? ', sealed by a passphrase' : '';
  const older = (root.keys?.length ?? 1) - 1;
  return (
    `root      ${root.provider}${sealed}\n` +
    `older     ${older} root keys still unwrap; ${status.underOldRoot} things lie under them\n` +
    `signing   ${status.signing.publicKey} of ${status.signing.created}; ` +
    `${status.signing.ledgersUnderOldKeys} ledgers under ${status.signing.earlierKeys} older keys\n` +
    `authority ${authority.fingerprint} of ${authority.created}\n` +
    (authority.earlier === undefined
      ? ''
      : `          ${authority.earlier.fingerprint} still counts until ${authority.earlier.until}, ` +
        `for ${authority.earlier.agents} agents\n`) +
    `rotation  every ${status.rotationDays} days\n` +
    formatTable(
      ['File', 'Wrapped by'],
      status.files.map(({ name, wrappedBy }) => [name, wrappedBy]),
      context.terminal.columns,
    )
  );
}
