import { join } from 'node:path';
import type { Command } from 'commander';
import { enrol, nodeSystem, printStatus, readStatus, runAgent } from '@strongroom/agent';
import { fromUtf8 } from '@strongroom/base';
import { sha256 } from '@strongroom/platform';
import type {
  AgentSummary,
  EnrollmentKeySummary,
  NewEnrollmentKey,
  ValueList,
} from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import type { Context } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { findWorkspace } from '../client.js';
import { cliError } from '../errors.js';

/** `strongroom agent …`: what administers agents, and what runs on the collecting machine itself. */
export function addAgentCommands(program: Command, context: Context): void {
  const agent = program
    .command('agent')
    .description('agents: enrol, list, revoke, and the keys that enrol them');

  addMachineCommands(agent, context);

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
    .option('--expires-in-hours <n>', 'life of the key', wholeNumber(1, 87_600), 24)
    .option(
      '--uses <n>',
      'how many machines it may enrol; any number otherwise',
      wholeNumber(1, 1_000_000),
    )
    .option('--description <text>')
    .description('makes a key and prints the line that enrols a machine')
    .action(
      async (
        own: { expiresInHours: number; uses?: number; description?: string },
        command: Command,
      ) => {
        const options = optionsOf(command);
        await withClient(context, options, async (client) => {
          const { workspaceId } = await findWorkspace(client, options.workspace);
          const made = (await client.send('POST', portalPaths.enrollmentKeys(workspaceId), {
            expiresInHours: own.expiresInHours,
            ...(own.uses === undefined ? {} : { usesMax: own.uses }),
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

interface StateOptions {
  readonly state?: string;
}

const configHome = ({ environment }: Context): string =>
  environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? '/root', '.config');

/** Where the agent of this machine keeps its state, unless told otherwise. */
const defaultState = ({ environment }: Context): string =>
  join(
    environment['XDG_STATE_HOME'] ?? join(environment['HOME'] ?? '/root', '.local', 'state'),
    'strongroom-agent',
  );

const credentials = ({ environment }: Context): { credentialsDirectory?: string } => {
  const directory = environment['CREDENTIALS_DIRECTORY'];
  return directory === undefined ? {} : { credentialsDirectory: directory };
};

/** Commands for the machine that collects: they need no sign-in, only the enrolment line. */
function addMachineCommands(agent: Command, context: Context): void {
  const { fs, clock, random, terminal } = context;
  const ports = { fs, clock, random, system: nodeSystem };
  const stateOf = (own: StateOptions): string => own.state ?? defaultState(context);

  const run = async (stateDirectory: string): Promise<void> => {
    await runAgent({
      ...ports,
      ...credentials(context),
      sha256,
      stateDirectory,
      signal: context.signal,
      pid: process.pid,
      log: (line) => terminal.note(`${line}\n`),
      memoryBytes: () => process.memoryUsage.rss(),
    });
  };

  agent
    .command('enrol')
    .alias('enroll')
    .argument('<server>', 'https://HOST:PORT')
    .requiredOption('--key <key>', 'enrolment key; - reads it from standard input')
    .requiredOption('--pin <pin>', 'sha256/… of the service’s authority')
    .option('--state <dir>', 'where the agent keeps its state')
    .option('--computer <name>', 'instead of the host name')
    .option('--replace', 'enrol anew over an agent that is there')
    .option('--run', 'go on and collect until Ctrl-C')
    .description('makes this machine an agent of the workspace that the key belongs to')
    .action(
      async (
        server: string,
        own: StateOptions & {
          key: string;
          pin: string;
          computer?: string;
          replace?: boolean;
          run?: boolean;
        },
        command: Command,
      ) => {
        const state = stateOf(own);
        const { configuration: _, ...enrolled } = await enrol({
          ...ports,
          ...credentials(context),
          server,
          enrollmentKey: own.key === '-' ? await readKey(context) : own.key,
          pin: own.pin,
          stateDirectory: state,
          keyDirectory: join(configHome(context), 'strongroom'),
          ...(own.computer === undefined ? {} : { computer: own.computer }),
          ...(own.replace === undefined ? {} : { replace: own.replace }),
        });
        await print(
          context,
          optionsOf(command),
          enrolled,
          () =>
            `${enrolled.computer} is agent ${enrolled.agentId} of ${enrolled.workspaceName}\n` +
            (own.run === true
              ? ''
              : `start it: strongroom agent run${own.state === undefined ? '' : ` --state ${state}`}\n`),
        );
        if (own.run === true) await run(state);
      },
    );

  agent
    .command('run')
    .option('--state <dir>', 'where the agent keeps its state')
    .description('collects and sends until Ctrl-C')
    .action((own: StateOptions) => run(stateOf(own)));

  agent
    .command('status')
    .option('--state <dir>', 'where the agent keeps its state')
    .description('what the agent of this machine does, and what waits to be sent')
    .action(async (own: StateOptions, command: Command) => {
      const status = await readStatus(fs, nodeSystem, stateOf(own));
      await print(context, optionsOf(command), status, () => printStatus(status));
    });
}

/** The first line of standard input: a command line can be read by every process of the machine. */
async function readKey({ terminal }: Context): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of terminal.input) {
    chunks.push(chunk);
    if (chunk.includes(0x0a) || chunks.length > 16) break;
  }
  return fromUtf8(Buffer.concat(chunks)).split('\n')[0]?.trim() ?? '';
}
