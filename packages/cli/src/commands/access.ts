import type { Command } from 'commander';
import type { UserSummary, ValueList } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import type { Context } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { findWorkspace } from '../client.js';
import type { Client } from '../client.js';
import { cliError } from '../errors.js';
import { armVersions } from './versions.js';

/** `strongroom user …` and `strongroom application …` */
export function addUserCommands(program: Command, context: Context): void {
  const user = program.command('user').description('people who sign in: list, create, disable');

  user
    .command('list')
    .description('all users')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        await printList(context, options, await listUsers(client), {
          UserName: 'userName',
          DisplayName: 'displayName',
          Id: 'id',
          Disabled: 'disabled',
        });
      });
    });

  user
    .command('create')
    .argument('<userName>')
    .option('--display-name <text>')
    .description('makes a user; prints the first password once')
    .action(async (userName: string, own: { displayName?: string }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const created = (await client.send('POST', portalPaths.users, {
          userName,
          ...(own.displayName === undefined ? {} : { displayName: own.displayName }),
        })) as UserSummary & { initialPassword?: string };
        await print(
          context,
          options,
          created,
          () =>
            `created ${created.userName}, id ${created.id}\n` +
            (created.initialPassword === undefined
              ? ''
              : `password (shown once): ${created.initialPassword}\n`),
        );
      });
    });

  for (const [verb, change, said] of [
    ['disable', { disabled: true }, 'disabled; sessions and tokens have ended'],
    ['enable', { disabled: false }, 'enabled'],
    ['reset-password', { resetPassword: true }, 'password reset'],
  ] as const) {
    user
      .command(verb)
      .argument('<userName>')
      .description(verb === 'reset-password' ? 'prints a new password once' : `${verb}s a user`)
      .action(async (userName: string, _own: unknown, command: Command) => {
        const options = optionsOf(command);
        await withClient(context, options, async (client) => {
          const { id } = await findUser(client, userName);
          const answer = (await client.send('PATCH', portalPaths.user(id), change)) as
            { initialPassword?: string } | undefined;
          const password = answer?.initialPassword;
          await print(
            context,
            options,
            answer ?? { id, ...change },
            () =>
              `${userName}: ${said}\n${password === undefined ? '' : `password (shown once): ${password}\n`}`,
          );
        });
      });
  }

  const application = program
    .command('application')
    .description('programs that sign in with a secret: list, create, delete');
  application
    .command('list')
    .description('all applications')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const list = (await client.get(portalPaths.applications)) as ValueList<object>;
        await printList(context, options, list.value, {
          Name: 'displayName',
          ClientId: 'clientId',
          Id: 'id',
          SecretExpires: 'secretExpiresAt',
        });
      });
    });
  application
    .command('create')
    .argument('<displayName>')
    .option('--expires-in-days <n>', 'life of the secret', wholeNumber(1, 36_500), 365)
    .description('makes an application; prints its secret once')
    .action(async (displayName: string, own: { expiresInDays: number }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const created = (await client.send('POST', portalPaths.applications, {
          displayName,
          expiresInDays: own.expiresInDays,
        })) as { id: string; clientId: string; clientSecret: string };
        await print(
          context,
          options,
          created,
          () =>
            `created ${displayName}, id ${created.id}\nclient id: ${created.clientId}\n` +
            `secret (shown once): ${created.clientSecret}\n`,
        );
      });
    });
  application
    .command('delete')
    .argument('<id>')
    .description('deletes an application; its tokens end at once')
    .action(async (id: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        await client.send('DELETE', portalPaths.application(id));
        await print(context, options, { deleted: id }, () => `deleted ${id}\n`);
      });
    });
}

/** `strongroom role …` */
export function addRoleCommands(program: Command, context: Context): void {
  const role = program
    .command('role')
    .description('who may do what: Azure’s built-in roles, assigned at a scope');

  role
    .command('list')
    .option('--scope <resourceId>', 'the workspace otherwise')
    .description('assignments at a scope')
    .action(async (own: { scope?: string }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const scope = own.scope ?? (await findWorkspace(client, options.workspace)).resourceId;
        const [assignments, roles] = await Promise.all([
          listAssignments(client, scope),
          listRoles(client, scope),
        ]);
        const rows = assignments.map((assignment) => ({
          ...assignment,
          role:
            roles.find(({ id }) => sameId(id, assignment.roleDefinitionId))?.roleName ??
            assignment.roleDefinitionId,
        }));
        await printList(context, options, rows, {
          Role: 'role',
          PrincipalId: 'principalId',
          Type: 'principalType',
          Scope: 'scope',
          Assignment: 'name',
        });
      });
    });

  role
    .command('assign')
    .argument('<role>', 'e.g. "Log Analytics Reader"')
    .argument('<principal>', 'user name, or the id of a user or an application')
    .option('--scope <resourceId>', 'the workspace otherwise')
    .description('gives a role')
    .action(async (name: string, who: string, own: { scope?: string }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const scope = own.scope ?? (await findWorkspace(client, options.workspace)).resourceId;
        const definition = await findRole(client, scope, name);
        const principal = await findPrincipal(client, who);
        const created = await client.send(
          'PUT',
          `${scope}/providers/Microsoft.Authorization/roleAssignments/${context.random.uuid()}` +
            `?api-version=${armVersions.roles}`,
          { properties: { roleDefinitionId: definition.id, ...principal } },
        );
        await print(context, options, created, () => `${who} is now ${definition.roleName}\n`);
      });
    });

  role
    .command('remove')
    .argument('<role>')
    .argument('<principal>')
    .option('--scope <resourceId>', 'the workspace otherwise')
    .description('takes a role away')
    .action(async (name: string, who: string, own: { scope?: string }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const scope = own.scope ?? (await findWorkspace(client, options.workspace)).resourceId;
        const definition = await findRole(client, scope, name);
        const { principalId } = await findPrincipal(client, who);
        const found = (await listAssignments(client, scope)).filter(
          (assignment) =>
            assignment.principalId === principalId &&
            sameId(assignment.roleDefinitionId, definition.id),
        );
        if (found.length === 0) {
          throw cliError('CLI_NOT_FOUND', `${who} is not ${definition.roleName} at this scope.`);
        }
        for (const { id } of found) {
          await client.send('DELETE', `${id}?api-version=${armVersions.roles}`);
        }
        await print(
          context,
          options,
          { removed: found },
          () => `${who} is no longer ${definition.roleName}\n`,
        );
      });
    });
}

interface Assignment {
  readonly id: string;
  readonly name: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string;
  readonly scope: string;
}

async function listAssignments(client: Client, scope: string): Promise<readonly Assignment[]> {
  const list = (await client.get(
    `${scope}/providers/Microsoft.Authorization/roleAssignments?api-version=${armVersions.roles}`,
  )) as ValueList<{ id: string; name: string; properties: Omit<Assignment, 'id' | 'name'> }>;
  return list.value.map(({ id, name, properties }) => ({ id, name, ...properties }));
}

interface Role {
  readonly id: string;
  readonly roleName: string;
}

async function listRoles(client: Client, scope: string): Promise<readonly Role[]> {
  const list = (await client.get(
    `${scope}/providers/Microsoft.Authorization/roleDefinitions?api-version=${armVersions.roles}`,
  )) as ValueList<{ id: string; properties: { roleName: string } }>;
  return list.value.map(({ id, properties }) => ({ id, roleName: properties.roleName }));
}

const lastSegment = (id: string): string => id.slice(id.lastIndexOf('/') + 1).toLowerCase();
const sameId = (a: string, b: string): boolean => lastSegment(a) === lastSegment(b);

async function findRole(client: Client, scope: string, name: string): Promise<Role> {
  const roles = await listRoles(client, scope);
  const found = roles.find(({ roleName }) => roleName.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw cliError('CLI_NOT_FOUND', `There is no role ${name}.`, {
    hint: `There are: ${roles.map(({ roleName }) => roleName).join(', ')}.`,
  });
}

async function listUsers(client: Client): Promise<readonly UserSummary[]> {
  return ((await client.get(portalPaths.users)) as ValueList<UserSummary>).value;
}

async function findUser(client: Client, userName: string): Promise<UserSummary> {
  const key = userName.toLowerCase();
  const found = (await listUsers(client)).find(
    (user) => user.userName.toLowerCase() === key || user.id === key,
  );
  if (found === undefined) throw cliError('CLI_NOT_FOUND', `There is no user ${userName}.`);
  return found;
}

async function findPrincipal(
  client: Client,
  who: string,
): Promise<{ principalId: string; principalType: string }> {
  const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(who);
  if (guid) {
    const users = await listUsers(client).catch(() => []);
    const person = users.some(({ id }) => id === who.toLowerCase());
    return { principalId: who.toLowerCase(), principalType: person ? 'User' : 'ServicePrincipal' };
  }
  return { principalId: (await findUser(client, who)).id, principalType: 'User' };
}
