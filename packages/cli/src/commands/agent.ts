import type { Command } from 'commander';
import type {
  AgentSummary,
  EnrollmentKeySummary,
  NewEnrollmentKey,
  ValueList,
} from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import type { Context } from '../context.js';
import { optionsOf, print, printList, withClient } from '../context.js';
import { findWorkspace } from '../client.js';
import { cliError } from '../errors.js';

/** `strongroom agent …`, but for what runs on the collecting machine itself. */
export function addAgentCommands(program: Command, context: Context): void {
  const agent = program
    .command('agent')
    .description('agents: enrol, list, revoke, and the keys that enrol them');

  agent
    .command('list')
    .description('agents of the workspace')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        const list = (await client.get(portalPaths.agents(workspaceId))) as ValueList<AgentSummary>;
        await printList(context, options, list.value, {
          Computer: 'computer',
          AgentId: 'agentId',
          State: 'state',
          LastHeartbeat: 'lastHeartbeat',
          Version: 'version',
          CertificateEnds: 'certificateNotAfter',
        });
      });
    });

  agent
    .command('revoke')
    .argument('<agent>', 'agent id, or computer name where only one agent has it')
    .description('refuses an agent from now on; its connections are cut')
    .action(async (named: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        const list = (await client.get(portalPaths.agents(workspaceId))) as ValueList<AgentSummary>;
        const key = named.toLowerCase();
        const found = list.value.filter(
          ({ agentId, computer }) => agentId === key || computer.toLowerCase() === key,
        );
        const [first] = found;
        if (first === undefined) throw cliError('CLI_NOT_FOUND', `There is no agent ${named}.`);
        if (found.length > 1) {
          throw cliError('CLI_USAGE', `Several agents run on ${named}; use the agent id.`);
        }
        await client.send('POST', portalPaths.revokeAgent(workspaceId, first.agentId));
        await print(
          context,
          options,
          { revoked: first.agentId },
          () => `revoked ${first.agentId}\n`,
        );
      });
    });

  const key = agent.command('key').description('enrolment keys: list, create, revoke, regenerate');
  key
    .command('list')
    .description('enrolment keys of the workspace, never the keys themselves')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        const list = (await client.get(
          portalPaths.enrollmentKeys(workspaceId),
        )) as ValueList<EnrollmentKeySummary>;
        await printList(context, options, list.value, {
          KeyId: 'keyId',
          State: 'state',
          Expires: 'expiresAt',
          UsesLeft: 'usesLeft',
          Description: 'description',
        });
      });
    });
  key
    .command('create')
    .option('--expires-in-hours <n>', 'life of the key', '24')
    .option('--uses <n>', 'how many machines it may enrol; any number otherwise')
    .option('--description <text>')
    .description('makes a key and prints the line that enrols a machine')
    .action(
      async (
        own: { expiresInHours: string; uses?: string; description?: string },
        command: Command,
      ) => {
        const options = optionsOf(command);
        await withClient(context, options, async (client) => {
          const { workspaceId } = await findWorkspace(client, options.workspace);
          const made = (await client.send('POST', portalPaths.enrollmentKeys(workspaceId), {
            expiresInHours: Number(own.expiresInHours),
            ...(own.uses === undefined ? {} : { usesMax: Number(own.uses) }),
            ...(own.description === undefined ? {} : { description: own.description }),
          })) as NewEnrollmentKey;
          await print(context, options, made, () => newKeyText(made));
        });
      },
    );
  key
    .command('regenerate')
    .argument('<keyId>')
    .description('a new key in place of an old one, which ends at once')
    .action(async (keyId: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        const made = (await client.send(
          'POST',
          portalPaths.regenerateEnrollmentKey(workspaceId, keyId),
        )) as NewEnrollmentKey;
        await print(context, options, made, () => newKeyText(made));
      });
    });
  key
    .command('revoke')
    .argument('<keyId>')
    .description('ends a key; agents that it enrolled stay')
    .action(async (keyId: string, _own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        await client.send('DELETE', portalPaths.enrollmentKey(workspaceId, keyId));
        await print(context, options, { revoked: keyId }, () => `revoked ${keyId}\n`);
      });
    });
}

const newKeyText = (made: NewEnrollmentKey): string =>
  `On the machine that is to be enrolled, before ${made.expiresAt} (the key is shown once):\n\n` +
  `  ${made.command}\n`;
