import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { ServiceStatus } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import type { Context } from '../context.js';
import { optionsOf, print, withClient } from '../context.js';
import { formatTable } from '../terminal.js';

/** `strongroom start` and `strongroom status` */
export function addServiceCommands(program: Command, context: Context): void {
  program
    .command('start')
    .allowUnknownOption()
    .helpOption(false)
    .argument('[options...]', 'see `strongroom start --help`')
    .description('runs the service (a process of its own)')
    .action(async (_options: unknown, _own: unknown, command: Command) => {
      const code = await runServer(command.args, context);
      process.exitCode = code;
    });

  program
    .command('status')
    .description('how the service and your workspaces are')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const status = (await client.get(portalPaths.status)) as ServiceStatus;
        await print(
          context,
          options,
          status,
          () =>
            `${client.connection.url}  version ${status.version}  region ${status.region}  ` +
            `since ${status.startedAt}\n\n` +
            formatTable(
              ['Workspace', 'Journal', 'Applied', 'Sealed', 'Engine'],
              status.workspaces.map((workspace) => [
                workspace.name,
                workspace.journalNext,
                workspace.applied,
                workspace.sealed,
                workspace.engine,
              ]),
              context.terminal.columns,
            ),
        );
      });
    });
}

/** The service is a program of its own: the client holds none of its code. */
function runServer(args: readonly string[], context: Context): Promise<number> {
  const main = fileURLToPath(new URL('../../../server/dist/main.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const service = spawn(process.execPath, [main, ...args], {
      stdio: 'inherit',
      // Memory that requests have used goes back to the system (docs/bench.md).
      env: { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '1048576', ...context.environment },
    });
    service.once('error', reject);
    service.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
    context.signal.addEventListener('abort', () => service.kill('SIGTERM'), { once: true });
  });
}
