import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { newest, readSnapshot, restoreSnapshot } from '@strongroom/backup';
import type { Repository, Snapshot, StoredLedger } from '@strongroom/backup';
import { fromUtf8, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { openServiceKeys, verifyEd25519 } from '@strongroom/keys';
import type { KeyProvider } from '@strongroom/keys';
import {
  parseCheckpoint,
  printVerifierKey,
  signEpoch,
  verifyLedgerDirectory,
} from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from '../context.js';
import { optionsOf, print } from '../context.js';
import { cliError } from '../errors.js';
import { Progress } from '../terminal.js';
import { megabytes, withRepository } from './backup.js';
import type { OfflineOptions } from './backup.js';

interface RestoreOptions {
  readonly to: string;
  readonly snapshot?: string;
  readonly mirror?: string;
  readonly openEpoch?: string;
}

/** `strongroom restore` */
export function addRestoreCommand(program: Command, context: Context): void {
  program
    .command('restore')
    .argument('<repository>', 'the repository’s directory')
    .requiredOption('--to <dir>', 'the new data directory: empty, or not there yet')
    .option('--snapshot <id>', 'which one; default: the newest')
    .option('--open-epoch <reason>', 'say to agents and auditors that this goes back on purpose')
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
Without a mirror, what was acknowledged after the snapshot is not in it, and agents that saw a later
checkpoint refuse the restored service, unless --open-epoch states that this is on purpose.`,
    )
    .action(async (directory: string, own: RestoreOptions, command: Command) => {
      const options = optionsOf<OfflineOptions>(command);
      const target = resolve(context.workingDirectory, own.to);
      await withRepository(context, { directory, options }, async (repository, provider) => {
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
          ledgers.push(await checkLedger(context, { target, ledger, grown: mirror !== undefined }));
        }
        const ok = ledgers.every((each) => each.ok);
        if (ok && own.openEpoch !== undefined) {
          await openEpochs(context, { target, provider, snapshot, reason: own.openEpoch });
        }
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
    });
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

/**
 * States in each restored ledger, signed by its key, that it goes another way from here on. Agents
 * accept such a statement once, show it, and go on.
 */
async function openEpochs(
  context: Context,
  restored: { target: string; provider: KeyProvider; snapshot: Snapshot; reason: string },
): Promise<void> {
  const { fs, random, clock } = context;
  const { target, provider, snapshot, reason } = restored;
  const keys = await openServiceKeys({ fs, random, provider, directory: join(target, 'keys') });
  try {
    const names = (await keys.names()).filter((name) => /^ledger(?:-\d+)?$/.test(name));
    const signers = await Promise.all(names.map((name) => keys.signingKey(name)));
    for (const { path, checkpoint } of snapshot.ledgers) {
      const { origin } = parseCheckpoint(checkpoint);
      const told = fromUtf8(await fs.readFile(join(target, path, 'public-keys')));
      // The key that signs this ledger: the first of those that were told.
      const signer = signers.find(({ publicKey }) =>
        told.startsWith(`${printVerifierKey(sha256, { name: origin, publicKey })}\n`),
      );
      if (signer === undefined) {
        throw cliError('CLI_FAILED', `The key that signs ${origin} is not in what was restored.`);
      }
      const file = join(target, path, 'epoch');
      const before = (await fs.stat(file)) === undefined ? undefined : await fs.readFile(file);
      const last = before === undefined ? '0' : (fromUtf8(before).split('\n')[2] ?? '0');
      const statement = await signEpoch(
        sha256,
        { origin, number: BigInt(last) + 1n, time: clock.now(), reason, kept: checkpoint },
        { ...signer, keyName: origin },
      );
      if (before !== undefined) await fs.remove(file);
      const written = await fs.open(file, 'create');
      try {
        await written.write(0, utf8(statement));
        await written.sync();
      } finally {
        await written.close();
      }
      await fs.syncDirectory(join(target, path));
    }
  } finally {
    keys.close();
  }
}
