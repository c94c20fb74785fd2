import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { fromUtf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { salvageJournal } from '@strongroom/journal';
import { parseCheckpoint } from '@strongroom/ledger';
import type { Context } from '../context.js';
import { optionsOf, print } from '../context.js';
import { cliError } from '../errors.js';
import { checkDirectory } from '../fsck/check-directory.js';
import type { FsckReport } from '../fsck/check-directory.js';
import { Progress } from '../terminal.js';

interface FsckOptions {
  readonly repair?: boolean;
  readonly yes?: boolean;
}

/** `strongroom fsck` */
export function addFsckCommand(program: Command, context: Context): void {
  program
    .command('fsck')
    .argument('[dir]', 'a data directory, a part of it, or a copy', 'data')
    .option('--repair', 'let a damaged journal go on without what cannot be read; needs -w')
    .option('--yes', 'with --repair: do it; without, say what would be given up')
    .description('checks every file offline; exit code 5 where anything is wrong')
    .addHelpText('after', help)
    .action(async (directory: string, _own: FsckOptions, command: Command) => {
      const options = optionsOf<FsckOptions>(command);
      const top = resolve(context.workingDirectory, directory);
      if ((await context.fs.stat(top))?.kind !== 'directory') {
        throw cliError('CLI_NOT_FOUND', `${top} is not a directory.`);
      }
      if (options.repair === true) {
        await repair(context, { ...options, top });
        return;
      }
      const below =
        options.workspace === undefined
          ? top
          : await workspaceIn(context.fs, top, options.workspace);
      const progress = new Progress(context.terminal);
      const report = await checkDirectory({
        fs: context.fs,
        directory: below,
        onProgress: (path) => progress.update(path),
      });
      progress.update('');
      const ok = report.findings.length === 0;
      await print(context, options, { ok, directory: below, ...report }, () => asText(report));
      if (!ok) throw cliError('CLI_VERIFICATION_FAILED', `${report.findings.length} findings.`);
    });
}

const help = `
Reads every journal, ledger, cursor, key file, snapshot and engine part and holds each against its own
checksums, hashes and signatures, without a key. Stop the service first, or check a copy: what is being
written looks damaged. What only a key can tell (an entry's content, the catalog's pages, a row) is for
strongroom verify --deep and for the service itself, which checks it on each read.

--repair -w ID writes down which journal entries cannot be read, and lets the journal go on behind
them. Everything else stays. Entries that were not applied yet are lost, and accounted for as such.`;

function asText({ findings, checked, unchecked }: FsckReport): string {
  const counts = Object.entries(checked).map(([kind, count]) => `  ${kind}: ${count}\n`);
  const places = findings.map(
    ({ path, problem, offset }) =>
      `  ${path}${offset === undefined ? '' : ` at byte ${offset}`}: ${problem}\n`,
  );
  const rest = unchecked.length === 0 ? '' : `not checked without a key: ${unchecked.join(', ')}\n`;
  const verdict = findings.length === 0 ? 'nothing wrong\n' : `WRONG\n${places.join('')}`;
  return `checked\n${counts.join('')}${rest}${verdict}`;
}

async function workspaceIn(fs: Fs, top: string, id: string): Promise<string> {
  const regions = join(top, 'regions');
  for (const region of await fs.list(regions).catch(() => [])) {
    const path = join(regions, region, 'workspaces', id);
    if ((await fs.stat(path))?.kind === 'directory') return path;
  }
  if (top.endsWith(`/${id}`)) return top;
  throw cliError('CLI_NOT_FOUND', `There is no directory of workspace ${id} in ${top}.`, {
    hint: 'Give its GUID.',
  });
}

async function repair(
  context: Context,
  options: FsckOptions & { top: string; workspace?: string; json?: boolean },
): Promise<void> {
  const { fs, clock, random } = context;
  if (options.workspace === undefined) {
    throw cliError('CLI_USAGE', 'Say which workspace is to be repaired: -w GUID.');
  }
  const workspace = await workspaceIn(fs, options.top, options.workspace);
  await refuseRunning(fs, options.top);
  const dryRun = options.yes !== true;
  const salvage = await salvageJournal({
    directory: join(workspace, 'journal'),
    journalId: options.workspace,
    fs,
    clock,
    random,
    atLeast: await sealedIn(fs, join(workspace, 'ledger')),
    dryRun,
  });
  const ranges = salvage.ranges.map(({ from, to, problem }) => ({
    from: String(from),
    to: String(to - 1n),
    problem,
  }));
  const result = { done: !dryRun, lost: ranges, segments: salvage.segments.map(String) };
  await print(context, options, result, () =>
    [
      ...ranges.map(({ from, to, problem }) => `entries ${from} to ${to}: ${problem}\n`),
      ranges.length === 0 ? 'No entry is lost.\n' : '',
      dryRun ? 'Nothing was changed. With --yes the journal goes on without these.\n' : 'Done.\n',
    ].join(''),
  );
}

/** Leaves under the newest checkpoint: so many entries were acknowledged at least. */
async function sealedIn(fs: Fs, ledger: string): Promise<bigint> {
  const bytes = await fs.readFile(join(ledger, 'checkpoint')).catch(() => undefined);
  if (bytes === undefined) return 0n;
  try {
    return parseCheckpoint(fromUtf8(bytes)).size;
  } catch (cause) {
    throw cliError('CLI_VERIFICATION_FAILED', 'The ledger’s checkpoint is damaged too.', {
      cause,
      hint: 'Restore the ledger first: it says what was acknowledged.',
    });
  }
}

/** Whoever serves a data directory holds a lock on its catalog. */
async function refuseRunning(fs: Fs, top: string): Promise<void> {
  for (let at = top; at !== dirname(at); at = dirname(at)) {
    const stat = await fs.stat(join(at, 'catalog.db'));
    if (stat === undefined) continue;
    const inode = stat.identity.split(':')[1];
    const locks = fromUtf8(await fs.readFile('/proc/locks').catch(() => new Uint8Array(0)));
    if (inode !== undefined && new RegExp(`:${inode} `).test(locks)) {
      throw cliError('CLI_REFUSED', 'A service runs on this data directory; stop it first.');
    }
    return;
  }
}
