import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { fromUtf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import { verifyLedgerDirectory } from '@strongroom/ledger';
import type { LedgerVerdict } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from '../context.js';
import { optionsOf, print } from '../context.js';
import { cliError } from '../errors.js';
import { Progress } from '../terminal.js';

interface VerifyOptions {
  readonly publicKey?: string[];
  readonly checkpoint?: string[];
  readonly receipt?: string[];
}

/** The file beside a ledger that holds its public keys, one a line. */
const publicKeyFile = 'public-keys';

/** `strongroom verify` */
export function addVerifyCommand(program: Command, context: Context): void {
  program
    .command('verify')
    .argument('<dir>', 'a data directory, or one ledger in it; a copy is enough')
    .option('--public-key <key...>', 'trusted key (name+hash+base64), or a file with keys')
    .option(
      '--checkpoint <file...>',
      'checkpoint kept by someone else: the ledger must continue it',
    )
    .option('--receipt <file...>', 'receipt kept by a sender: its entry must be in the ledger')
    .description('checks ledgers offline: every hash, every signature; exit code 5 where one fails')
    .action(async (directory: string, own: VerifyOptions, command: Command) => {
      const options = optionsOf<VerifyOptions>(command);
      const top = resolve(context.workingDirectory, directory);
      const ledgers = await findLedgers(context, top);
      if (ledgers.length === 0) {
        throw cliError('CLI_NOT_FOUND', `There is no ledger below ${directory}.`);
      }
      const given = await readAll(context, own.publicKey ?? []);
      const receipts = await readAll(context, own.receipt ?? []);
      const expected = await Promise.all(
        (own.checkpoint ?? []).map(async (path) => fromUtf8(await readFile(context, path))),
      );
      const verdicts: { ledger: string; verdict: LedgerVerdict }[] = [];
      for (const ledger of ledgers) {
        const keys = given.length > 0 ? given : await keysBeside(context, ledger);
        const name = relative(top, ledger) || '.';
        const progress = new Progress(context.terminal);
        const verdict = await verifyLedgerDirectory({
          directory: ledger,
          fs: context.fs,
          sha256,
          verifySignature: verifyEd25519,
          publicKeys: keys,
          expected: ledgers.length === 1 ? expected : expected.filter((text) => isOf(text, keys)),
          receipts: ledgers.length === 1 ? receipts : receipts.filter((text) => isFor(text, keys)),
          onProgress: (leaves, size) => progress.update(`${name}: ${leaves} of ${size} leaves`),
        });
        progress.update('');
        verdicts.push({ ledger: name, verdict });
      }
      if (given.length === 0) {
        context.terminal.note(
          'Verified with the keys found beside the ledgers. Against someone who could write there,\n' +
            'give the keys that you kept: --public-key FILE.\n',
        );
      }
      const ok = verdicts.every(({ verdict }) => verdict.ok);
      await print(context, options, { ok, ledgers: verdicts.map(asJson) }, () =>
        verdicts.map(asText).join(''),
      );
      if (!ok) throw cliError('CLI_VERIFICATION_FAILED', 'Verification failed.');
    });
}

const isOf = (checkpoint: string, keys: readonly string[]): boolean =>
  keys.some((key) => key.startsWith(`${checkpoint.split('\n')[0] ?? ''}+`));

/** A receipt's second field is its ledger's origin (docs/formats/receipt.md). */
const isFor = (receipt: string, keys: readonly string[]): boolean =>
  keys.some((key) => key.startsWith(`${receipt.split(';')[1]?.trim() ?? ''}+`));

const asJson = ({ ledger, verdict }: { ledger: string; verdict: LedgerVerdict }): object => ({
  ledger,
  origin: verdict.checkpoint?.origin,
  ok: verdict.ok,
  size: verdict.size.toString(),
  root: verdict.root,
  checkpoint: verdict.checkpoint?.text,
  problems: verdict.problems,
  problemsOmitted: verdict.problemsOmitted,
});

function asText({ ledger, verdict }: { ledger: string; verdict: LedgerVerdict }): string {
  const head = `${verdict.ok ? 'ok    ' : 'FAILED'}  ${ledger}  ${verdict.checkpoint?.origin ?? 'no origin'}  ${verdict.size} entries  root ${verdict.root ?? '-'}\n`;
  const problems = verdict.problems.map(
    ({ code, path, message }) => `        ${code}  ${path}: ${message}\n`,
  );
  const more =
    verdict.problemsOmitted > 0 ? `        and ${verdict.problemsOmitted} problems more\n` : '';
  return head + problems.join('') + more;
}

/** Ledger directories at or below `top`: a `ledger` folder of a workspace or of the service. */
async function findLedgers(context: Context, top: string): Promise<string[]> {
  const { fs } = context;
  if ((await fs.stat(join(top, 'checkpoint')))?.kind === 'file') return [top];
  const found: string[] = [];
  const look = async (directory: string, depth: number): Promise<void> => {
    for (const name of await fs.list(directory)) {
      const path = join(directory, name);
      if ((await fs.stat(path))?.kind !== 'directory') continue;
      if (name === 'ledger') found.push(path);
      else if (depth > 0 && name !== 'engine' && name !== 'journal') await look(path, depth - 1);
    }
  };
  if ((await fs.stat(top))?.kind !== 'directory') {
    throw cliError('CLI_NOT_FOUND', `${top} is not a directory.`);
  }
  await look(top, 4);
  return found;
}

async function readFile(context: Context, path: string): Promise<Uint8Array> {
  try {
    return await context.fs.readFile(resolve(context.workingDirectory, path));
  } catch (cause) {
    throw cliError('CLI_NOT_FOUND', `${path} cannot be read.`, { cause });
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Texts given as they are, or as files of lines. */
async function readAll(context: Context, values: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    values.map(async (value) => {
      const path = resolve(context.workingDirectory, value);
      if ((await context.fs.stat(path))?.kind !== 'file') return [value];
      return linesOf(fromUtf8(await context.fs.readFile(path)));
    }),
  );
  return lists.flat();
}

async function keysBeside(context: Context, ledger: string): Promise<string[]> {
  const path = join(ledger, publicKeyFile);
  if ((await context.fs.stat(path))?.kind !== 'file') {
    throw cliError('CLI_USAGE', `There is no ${publicKeyFile} in ${ledger}; give --public-key.`);
  }
  return linesOf(fromUtf8(await context.fs.readFile(path)));
}
