import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  forgetSnapshots,
  listSnapshots,
  openRepository,
  verifyRepository,
} from '@strongroom/backup';
import type { Repository } from '@strongroom/backup';
import type { BackupState } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import type { KeyProvider } from '@strongroom/keys';
import type { Context, GlobalOptions } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { cliError } from '../errors.js';
import { Progress } from '../terminal.js';
import { openRootKey } from '../root-key.js';
import { defaultRootKey } from '../workspace-files.js';

export interface OfflineOptions extends GlobalOptions {
  readonly rootKey?: string;
}

const pollMs = 500;

/** `strongroom backup …` */
export function addBackupCommands(program: Command, context: Context): void {
  const backup = program
    .command('backup')
    .description('backups of the whole service: take, status, list, verify, forget');

  backup
    .command('take')
    .description('takes a snapshot of the running service into its repository (start --backup DIR)')
    .option('--no-wait', 'do not wait until it is finished')
    .action(async (own: { wait: boolean }, command: Command) => {
      const options = optionsOf<{ wait: boolean }>(command);
      await withClient(context, options, async (client) => {
        const progress = new Progress(context.terminal);
        const before = ((await client.get(portalPaths.backups)) as BackupState).last?.id;
        let state = (await client.send('POST', portalPaths.backups, {})) as BackupState;
        while (own.wait && state.running !== undefined) {
          const { files = 0, filesTotal = 0, bytes = 0, written = 0 } = state.running;
          progress.update(
            filesTotal === 0
              ? 'Taking the files…'
              : `${files} of ${filesTotal} files, ${megabytes(bytes)} read, ${megabytes(written)} new`,
          );
          await context.clock.sleep(pollMs, context.signal);
          state = (await client.get(portalPaths.backups)) as BackupState;
        }
        progress.update('');
        if (own.wait && state.last?.id === before) {
          throw cliError('CLI_FAILED', `The backup failed: ${state.failed?.code ?? 'unknown'}.`, {
            hint: 'The service’s log says more.',
          });
        }
        await print(context, options, state, () => describe(state));
      });
    });

  backup
    .command('status')
    .description('how backups of the running service stand')
    .action(async (_own: unknown, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const state = (await client.get(portalPaths.backups)) as BackupState;
        await print(context, options, state, () => describe(state));
      });
    });

  const offline = (name: string, description: string): Command =>
    backup
      .command(name)
      .argument('<repository>', 'the repository’s directory; a copy is enough')
      .option('--root-key <file>', 'the service’s root key')
      .description(description);

  offline('list', 'the snapshots of a repository').action(
    async (directory: string, _own: unknown, command: Command) => {
      const options = optionsOf<OfflineOptions>(command);
      await withRepository(context, { directory, options }, async (repository) => {
        const snapshots = await listSnapshots(repository);
        await printList(
          context,
          options,
          snapshots.map((each) => ({ ...each, time: new Date(each.time).toISOString() })),
          { Snapshot: 'id', Time: 'time', Files: 'files', Bytes: 'bytes' },
        );
      });
    },
  );

  offline('verify', 'reads every piece; exit code 5 where one is damaged or missing')
    .option('--snapshot <id>', 'only of this one')
    .action(async (directory: string, own: { snapshot?: string }, command: Command) => {
      const options = optionsOf<OfflineOptions>(command);
      await withRepository(context, { directory, options }, async (repository) => {
        const progress = new Progress(context.terminal);
        const result = await verifyRepository(repository, {
          ...(own.snapshot === undefined ? {} : { snapshot: own.snapshot }),
          signal: context.signal,
          onProgress: (pieces) => progress.update(`${pieces} pieces`),
        });
        progress.update('');
        const ok = result.problems.length === 0;
        await print(
          context,
          options,
          { ok, ...result },
          () =>
            `${ok ? 'ok' : 'FAILED'}  ${result.snapshots} snapshots, ${result.pieces} pieces\n` +
            result.problems
              .map(({ snapshot, path, message }) => `  ${snapshot}  ${path}: ${message}\n`)
              .join(''),
        );
        if (!ok) throw cliError('CLI_VERIFICATION_FAILED', 'The repository is damaged.');
      });
    });

  offline('forget', 'removes the oldest snapshots and what only they hold')
    .requiredOption('--keep <number>', 'how many of the newest stay', wholeNumber(1, 100_000))
    .action(async (directory: string, own: { keep: number }, command: Command) => {
      const options = optionsOf<OfflineOptions>(command);
      await withRepository(context, { directory, options }, async (repository) => {
        const all = await listSnapshots(repository);
        const forgotten = all.slice(0, Math.max(0, all.length - own.keep)).map(({ id }) => id);
        const swept = await forgetSnapshots(repository, forgotten);
        await print(
          context,
          options,
          { forgotten, ...swept },
          () =>
            `${forgotten.length} snapshots forgotten, ${swept.removed} pieces (${megabytes(swept.bytes)}) removed\n`,
        );
      });
    });
}

/** Opens a repository on this machine with the root key, and lets go of both. */
export async function withRepository(
  context: Context,
  named: { directory: string; options: OfflineOptions },
  act: (repository: Repository, provider: KeyProvider) => Promise<void>,
): Promise<void> {
  const { fs, random, workingDirectory } = context;
  const path = resolve(workingDirectory, named.options.rootKey ?? defaultRootKey(context));
  const provider = await openRootKey(context, path);
  try {
    const directory = resolve(workingDirectory, named.directory);
    await act(await openRepository({ directory, fs, random, provider, create: false }), provider);
  } finally {
    provider.close();
  }
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function describe(state: BackupState): string {
  const { destinations, everyHours, running, last, failed } = state;
  if (destinations.length === 0) {
    return 'No directory for backups is set: start the service with --backup DIR.\n';
  }
  const lines = [
    ...destinations.map((destination) => `Repository   ${destination}`),
    `Schedule     ${everyHours === 0 ? 'only when asked' : `each ${everyHours} h`}`,
  ];
  if (running !== undefined) lines.push(`Running      since ${running.startedAt}`);
  if (last !== undefined) {
    lines.push(
      `Last         ${last.id}  ${last.files} files, ${megabytes(last.bytes)}, ${megabytes(last.written)} of them new`,
    );
  }
  if (failed !== undefined) lines.push(`Failed       ${failed.at}  ${failed.code}`);
  return `${lines.join('\n')}\n`;
}
