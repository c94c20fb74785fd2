import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  forgetSnapshots,
  listSnapshots,
  newest,
  openRepository,
  readSnapshot,
  restoreSnapshot,
  verifyRepository,
} from '@strongroom/backup';
import type { Repository, Snapshot, StoredLedger } from '@strongroom/backup';
import { fromUtf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import type { BackupState } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import { openLocalKeystore, verifyEd25519 } from '@strongroom/keys';
import { verifyLedgerDirectory } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context, GlobalOptions } from '../context.js';
import { optionsOf, print, printList, wholeNumber, withClient } from '../context.js';
import { cliError } from '../errors.js';
import { Progress } from '../terminal.js';
import { defaultRootKey } from '../workspace-files.js';

interface OfflineOptions extends GlobalOptions {
  readonly rootKey?: string;
}

const pollMs = 500;

/** `strongroom backup …` and `strongroom restore` */
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

  program
    .command('restore')
    .argument('<repository>', 'the repository’s directory')
    .requiredOption('--to <dir>', 'the new data directory: empty, or not there yet')
    .option('--snapshot <id>', 'which one; default: the newest')
    .option('--mirror <dir>', 'the mirror beside it, where the repository is of a replica')
    .option('--root-key <file>', 'the root key of the service that was backed up')
    .description('restores a backup on this machine and checks it against its ledgers')
    .addHelpText(
      'after',
      `
The root key is not in the repository: bring it from where you keep it. Then:
  strongroom restore /backups/strongroom --to data --root-key root.key
  strongroom start --data data --root-key root.key
From a replica (start --replicas DIR), with all that was acknowledged:
  strongroom restore DIR/repository --mirror DIR/mirror --to data --root-key root.key
Without a mirror, what was acknowledged after the snapshot is not in it: agents that saw a later checkpoint refuse the
restored service until a person has looked (docs/backup.md).`,
    )
    .action(
      async (
        directory: string,
        own: { to: string; snapshot?: string; mirror?: string },
        command: Command,
      ) => {
        const options = optionsOf<OfflineOptions>(command);
        const target = resolve(context.workingDirectory, own.to);
        await withRepository(context, { directory, options }, async (repository) => {
          const snapshot = await chosen(repository, own.snapshot);
          const progress = new Progress(context.terminal);
          await restoreSnapshot({
            repository,
            snapshot,
            fs: context.fs,
            target,
            signal: context.signal,
            onProgress: ({ files, filesTotal, bytes }) =>
              progress.update(`${files} of ${filesTotal} files, ${megabytes(bytes)}`),
          });
          progress.update('');
          const mirror =
            own.mirror === undefined ? undefined : resolve(context.workingDirectory, own.mirror);
          if (mirror !== undefined) await layOver(context.fs, mirror, target);
          const ledgers: CheckedLedger[] = [];
          for (const ledger of snapshot.ledgers) {
            ledgers.push(
              await checkLedger(context, { target, ledger, grown: mirror !== undefined }),
            );
          }
          const ok = ledgers.every((each) => each.ok);
          await print(
            context,
            options,
            { ok, snapshot: snapshot.id, files: snapshot.files.length, ledgers },
            () =>
              `${snapshot.files.length} files of ${snapshot.id} restored to ${target}\n` +
              ledgers
                .map(
                  (each) =>
                    `${each.ok ? 'ok    ' : 'FAILED'}  ${each.path}  ${each.size} entries  root ${each.root ?? '-'}\n` +
                    each.problems.map((problem) => `        ${problem}\n`).join(''),
                )
                .join(''),
          );
          if (!ok) {
            throw cliError('CLI_VERIFICATION_FAILED', 'A restored ledger does not verify.');
          }
        });
      },
    );
}

/** Puts what a replica mirrored over a restored snapshot: its journals and ledgers take their place. */
async function layOver(fs: Fs, mirror: string, target: string): Promise<void> {
  if ((await fs.stat(join(mirror, 'keys')))?.kind !== 'directory') {
    throw cliError('CLI_NOT_FOUND', `${mirror} is not the mirror of a replica.`);
  }
  const put = async (relative: string): Promise<void> => {
    const to = join(target, relative);
    if (/(?:^|\/)(?:journal|ledger)$/.test(relative)) await fs.removeTree(to);
    await fs.makeDirectory(to);
    for (const name of await fs.list(join(mirror, relative))) {
      const path = relative === '' ? name : `${relative}/${name}`;
      const stat = await fs.stat(join(mirror, path));
      if (stat?.kind === 'directory') await put(path);
      // What a crash left half-written was never acknowledged.
      else if (stat?.kind === 'file' && !/\.(?:new|copy)$/.test(name)) {
        await copyFile(fs, join(mirror, path), join(target, path));
      }
    }
    await fs.syncDirectory(to);
  };
  await put('');
}

const copyBytes = 4 * 1024 * 1024;

async function copyFile(fs: Fs, from: string, to: string): Promise<void> {
  if ((await fs.stat(to)) !== undefined) await fs.remove(to);
  const source = await fs.open(from, 'read');
  try {
    const copy = await fs.open(to, 'create');
    try {
      const size = await source.size();
      for (let at = 0; at < size; at += copyBytes) {
        await copy.write(at, await source.read(at, Math.min(copyBytes, size - at)));
      }
      await copy.sync();
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
}

async function chosen(repository: Repository, id: string | undefined): Promise<Snapshot> {
  const snapshot = id === undefined ? await newest(repository) : await readSnapshot(repository, id);
  if (snapshot === undefined) throw cliError('CLI_NOT_FOUND', 'The repository has no snapshot.');
  return snapshot;
}

interface CheckedLedger {
  readonly path: string;
  readonly ok: boolean;
  readonly size: string;
  readonly root: string | undefined;
  readonly problems: readonly string[];
}

/**
 * The restored ledger must verify, and be the one that the snapshot's checkpoint was signed for; with a
 * mirror laid over it (`grown`), continue that one.
 */
async function checkLedger(
  context: Context,
  restored: { target: string; ledger: StoredLedger; grown: boolean },
): Promise<CheckedLedger> {
  const { fs } = context;
  const { target, ledger, grown } = restored;
  const directory = join(target, ledger.path);
  const verdict = await verifyLedgerDirectory({
    directory,
    fs,
    sha256,
    verifySignature: verifyEd25519,
    publicKeys: fromUtf8(await fs.readFile(join(directory, 'public-keys')))
      .split('\n')
      .filter((line) => line !== ''),
    expected: [ledger.checkpoint],
    receipts: [],
  });
  const same = grown || verdict.checkpoint?.text === ledger.checkpoint;
  return {
    path: ledger.path,
    ok: verdict.ok && same,
    size: verdict.size.toString(),
    root: verdict.root,
    problems: [
      ...verdict.problems.map(({ code, message }) => `${code} ${message}`),
      ...(same ? [] : ['The checkpoint is not the one of the snapshot.']),
    ],
  };
}

async function withRepository(
  context: Context,
  named: { directory: string; options: OfflineOptions },
  act: (repository: Repository) => Promise<void>,
): Promise<void> {
  const { fs, random, workingDirectory } = context;
  const path = resolve(workingDirectory, named.options.rootKey ?? defaultRootKey(context));
  const provider = await openLocalKeystore({ path, fs, random, create: false });
  try {
    const directory = resolve(workingDirectory, named.directory);
    await act(await openRepository({ directory, fs, random, provider, create: false }));
  } finally {
    provider.close();
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

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
