import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { password, isCancel, text } from '@clack/prompts';
import { fromUtf8 } from '@strongroom/base';
import type { SessionInformation, ValueList, WorkspaceSummary } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import type { Context } from '../context.js';
import { optionsOf, print } from '../context.js';
import { openConnection, readJson } from '../connection.js';
import { cliError } from '../errors.js';
import { findProfile, loginFile, removeLogin, storeLogin } from '../profile.js';
import type { SignedIn } from '../sign-in.js';
import { signInHere, signInOnDevice } from '../sign-in.js';

/** `strongroom login` and `strongroom logout` */
export function addLoginCommands(program: Command, context: Context): void {
  program
    .command('login')
    .option('--user <name>', 'user name; asked for otherwise')
    .option('--password-stdin', 'read the password from standard input')
    .option('--device', 'sign in with a browser on another machine')
    .description('signs a person in; kept until `strongroom logout`')
    .action(
      async (
        own: { user?: string; passwordStdin?: boolean; device?: boolean },
        command: Command,
      ) => {
        const options = optionsOf<typeof own>(command);
        const service = await locate(context, options);
        const connection = openConnection(service.url, service.authorityPem);
        try {
          const signedIn =
            own.device === true
              ? await signInOnDevice(connection, (url, code) =>
                  context.terminal.note(`Open ${url} and enter the code ${code}\n`),
                )
              : await signInHere(connection, await askUser(context, own));
          const session = await whoAmI(connection, signedIn);
          const first = await firstWorkspace(connection, signedIn, options.workspace);
          const path = await storeLogin(context.fs, context.environment, {
            url: connection.url,
            authorityPem: service.authorityPem,
            tenantId: service.tenantId,
            userName: session.user.name,
            refreshToken: signedIn.refreshToken,
            accessToken: signedIn.accessToken,
            accessTokenEndsAt: String(context.clock.now() + signedIn.expiresInSeconds * 1000),
            workspace: first?.workspaceId,
            subscriptionId: first?.subscriptionId,
            resourceGroup: first?.resourceGroup,
          });
          await print(
            context,
            options,
            { userName: session.user.name, url: connection.url, file: path },
            () => `signed in to ${connection.url} as ${session.user.name}\n`,
          );
        } finally {
          connection.close();
        }
      },
    );

  program
    .command('logout')
    .description('forgets the sign-in of this machine')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      const existed = await removeLogin(context.fs, context.environment);
      await print(
        context,
        options,
        { signedOut: existed, file: loginFile(context.environment) },
        () => (existed ? 'signed out\n' : 'nobody was signed in\n'),
      );
    });
}

/** The service to sign in to: `--url` with `--ca-file`, or the one that a bootstrap.json names. */
async function locate(
  context: Context,
  options: { url?: string; caFile?: string; data?: string },
): Promise<{ url: string; authorityPem: string | undefined; tenantId: string }> {
  if (options.url !== undefined) {
    const authorityPem =
      options.caFile === undefined
        ? undefined
        : fromUtf8(await context.fs.readFile(options.caFile));
    return { url: options.url, authorityPem, tenantId: 'local' };
  }
  const profile = await findProfile({
    fs: context.fs,
    environment: context.environment,
    workingDirectory: context.workingDirectory,
    ...(options.data === undefined ? {} : { data: options.data }),
  });
  return { url: profile.url, authorityPem: profile.authorityPem, tenantId: profile.tenantId };
}

async function askUser(
  context: Context,
  own: { user?: string; passwordStdin?: boolean },
): Promise<{ name: string; password: string }> {
  if (own.passwordStdin === true) {
    if (own.user === undefined) throw cliError('CLI_USAGE', 'Name the user with --user.');
    const lines = createInterface({
      input: process.stdin,
      output: new Writable({ write: (_chunk, _encoding, done) => done() }),
    });
    for await (const line of lines) {
      lines.close();
      return { name: own.user, password: line };
    }
    throw cliError('CLI_USAGE', 'There is no password on standard input.');
  }
  if (!context.terminal.inputIsTerminal) {
    throw cliError('CLI_USAGE', 'This is no terminal; use --user with --password-stdin.');
  }
  const name = own.user ?? (await text({ message: 'User name' }));
  if (isCancel(name)) throw cliError('CLI_FAILED', 'Cancelled.');
  const secret = await password({ message: `Password of ${name}` });
  if (isCancel(secret)) throw cliError('CLI_FAILED', 'Cancelled.');
  return { name, password: secret };
}

/** The workspace that commands mean from now on: the one named, else `default`, else the first. */
async function firstWorkspace(
  connection: ReturnType<typeof openConnection>,
  signedIn: SignedIn,
  named: string | undefined,
): Promise<WorkspaceSummary | undefined> {
  const list = readJson(
    await connection.send({
      method: 'GET',
      path: portalPaths.workspaces,
      headers: { authorization: `Bearer ${signedIn.accessToken}` },
    }),
  ) as ValueList<WorkspaceSummary>;
  const is = (wanted: string) => (workspace: WorkspaceSummary) =>
    workspace.name === wanted || workspace.workspaceId === wanted;
  if (named === undefined) return list.value.find(is('default')) ?? list.value[0];
  const found = list.value.find(is(named));
  if (found !== undefined) return found;
  throw cliError('CLI_NOT_FOUND', `There is no workspace ${named} that you may see.`);
}

async function whoAmI(
  connection: ReturnType<typeof openConnection>,
  signedIn: SignedIn,
): Promise<SessionInformation> {
  return readJson(
    await connection.send({
      method: 'GET',
      path: portalPaths.session,
      headers: { authorization: `Bearer ${signedIn.accessToken}` },
    }),
  ) as SessionInformation;
}
