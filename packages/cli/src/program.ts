import { Command, CommanderError } from 'commander';
import { StrongroomError } from '@strongroom/base';
import { addRoleCommands, addUserCommands } from './commands/access.js';
import { addAgentCommands } from './commands/agent.js';
import { addAuditCommand } from './commands/audit.js';
import { addHoldCommands, addLockCommands } from './commands/lock.js';
import { addBackupCommands } from './commands/backup.js';
import { addKeyCommands } from './commands/keys.js';
import { addExportCommands } from './commands/export.js';
import { addLoginCommands } from './commands/login.js';
import { addPurgeCommands, addRetentionCommands } from './commands/purge.js';
import { addProofCommands } from './commands/proof.js';
import { addQueryCommands } from './commands/query.js';
import { addRestoreCommand } from './commands/restore.js';
import { addSendCommand } from './commands/send.js';
import { addFsckCommand } from './commands/fsck.js';
import { addServiceCommands } from './commands/service.js';
import { addVerifyCommand } from './commands/verify.js';
import { addWitnessCommand } from './commands/witness.js';
import { addTableCommands, addWorkspaceCommands } from './commands/workspace.js';
import type { Context } from './context.js';
import { exitCode, exitCodesHelp } from './errors.js';

/** The whole command line. */
export function createProgram(context: Context): Command {
  const program = new Command('strongroom')
    .description('Log analytics that its users can prove.')
    .version('0.1.0')
    .option('--data <dir>', 'data directory of a service on this machine (its bootstrap.json)')
    .option('--url <url>', 'the service, https://HOST:PORT')
    .option('--ca-file <file>', 'certificate of the service’s authority, PEM')
    .option('-w, --workspace <name>', 'workspace, by name, GUID or resource id')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
First steps:
  npm start                                    run the service (in the clone)
  strongroom status                            how it is
  strongroom query 'Heartbeat | take 10'       ask in KQL
  strongroom tail Syslog                       watch rows arrive
  strongroom agent key create                  enrol another machine
  strongroom fsck data                         check every file offline
  strongroom login                             sign in to administer users and roles
  strongroom verify data                       check the ledgers offline
  strongroom audit data                        read the service’s own audit offline
${exitCodesHelp}`,
    )
    .showHelpAfterError('(see strongroom --help)')
    .exitOverride();
  addServiceCommands(program, context);
  addFsckCommand(program, context);
  addLoginCommands(program, context);
  addQueryCommands(program, context);
  addSendCommand(program, context);
  addWorkspaceCommands(program, context);
  addTableCommands(program, context);
  addUserCommands(program, context);
  addRoleCommands(program, context);
  addAgentCommands(program, context);
  addLockCommands(program, context);
  addKeyCommands(program, context);
  addHoldCommands(program, context);
  addPurgeCommands(program, context);
  addRetentionCommands(program, context);
  addBackupCommands(program, context);
  addRestoreCommand(program, context);
  addExportCommands(program, context);
  addVerifyCommand(program, context);
  addProofCommands(program, context);
  addWitnessCommand(program, context);
  addAuditCommand(program, context);
  for (const command of everyCommand(program)) command.exitOverride();
  return program;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Runs one command line; resolves with the exit code. */
export async function runProgram(args: readonly string[], context: Context): Promise<number> {
  const program = createProgram(context);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (context.signal.aborted) return 130;
    context.terminal.note(`${describe(error)}\n`);
    return exitCode(error);
  }
}

/** What a person reads of a failure. */
function describe(error: unknown): string {
  if (error instanceof StrongroomError) {
    return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  }
  return error instanceof Error ? error.message : String(error);
}
