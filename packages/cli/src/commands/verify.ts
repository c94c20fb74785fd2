import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { equalBytes, fromUtf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import type { WorkspaceKeys } from '@strongroom/keys';
import { parseCheckpoint, verifyLedgerDirectory, verifySubjectProof } from '@strongroom/ledger';
import type { LedgerVerdict, ProvedSubject, VerifierKey, Verdict } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from '../context.js';
import { optionsOf, print } from '../context.js';
import { cliError } from '../errors.js';
import { journalLeaves, readRecords, verifyRows } from '../deep-verification.js';
import type { DeepVerdict, ReadRecords, RowProblem } from '../deep-verification.js';
import { findExports, verifyExport } from '../export-verification.js';
import type { ExportFinding } from '../export-verification.js';
import { followedKeys, takeEpoch } from '../ledger-trust.js';
import { Progress } from '../terminal.js';
import { defaultRootKey, openKeysOf } from '../workspace-files.js';

interface VerifyOptions {
  readonly publicKey?: string[];
  readonly checkpoint?: string[];
  readonly since?: string[];
  readonly receipt?: string[];
  readonly proof?: string[];
  readonly payload?: string;
  readonly handOvers?: string[];
  readonly deep?: boolean;
  readonly rootKey?: string;
}

/** A ledger, and what was found in it and beside it. */
interface Finding {
  readonly ledger: string;
  readonly verdict: LedgerVerdict;
  /** Whether the restore that explains earlier checkpoints was taken; undefined without one. */
  readonly epochTaken?: boolean;
  /** Records and journal, where `--deep` opened them. */
  readonly records: readonly RowProblem[];
  readonly rows?: DeepVerdict;
}

/** The file beside a ledger that holds its public keys, one a line. */
const publicKeyFile = 'public-keys';

/** `strongroom verify` */
export function addVerifyCommand(program: Command, context: Context): void {
  program
    .command('verify')
    .argument('[dir]', 'a data directory, a workspace in it, or one ledger; a copy is enough')
    .option('--public-key <key...>', 'trusted key (name+hash+base64), or a file with keys')
    .option('--since <file...>', 'earlier checkpoint that was kept: the ledger must continue it')
    .option('--checkpoint <file...>', 'the same as --since')
    .option('--receipt <file...>', 'receipt kept by a sender: its entry must be in the ledger')
    .option(
      '--proof <file...>',
      'proof of a row or a batch; needs no directory, but the public key',
    )
    .option(
      '--hand-overs <file...>',
      'where a key was replaced: what leads from the keys you hold to those after (beside a ledger it is found by itself)',
    )
    .option('--payload <file>', 'with --proof of a batch: its rows as they were sent, inflated')
    .option('--deep', 'also every row of the tables; needs the root key, and the service stopped')
    .option('--root-key <file>', 'with --deep: root key; otherwise that of this account')
    .description('checks offline: every hash, every signature; exit code 5 where one fails')
    .addHelpText('after', help)
    .action(async (directory: string | undefined, own: VerifyOptions, command: Command) => {
      const options = optionsOf<VerifyOptions>(command);
      const given = await readAll(context, own.publicKey ?? []);
      if (directory === undefined && own.proof === undefined) {
        throw cliError('CLI_USAGE', 'Give a directory, or a proof with --proof.');
      }
      const trusted = await followedKeys(context, { texts: given, files: own.handOvers ?? [] });
      const exports =
        directory === undefined ? [] : await verifyExports(context, directory, trusted);
      const found =
        directory === undefined || exports.length > 0
          ? []
          : await verifyLedgers(context, directory, own, given);
      const proofs = await verifyProofs(context, { own, trusted, found });
      if (found.length > 0 && given.length === 0) {
        context.terminal.note(
          'Verified with the keys found beside the ledgers. Against someone who could write there,\n' +
            'give the keys that you kept: --public-key FILE.\n',
        );
      }
      const ok =
        found.every(isSound) &&
        exports.every(({ problems }) => problems.length === 0) &&
        proofs.every(({ verdict, payload }) => verdict.ok && payload !== false);
      await print(
        context,
        options,
        {
          ok,
          ...(found.length === 0 ? {} : { ledgers: found.map(asJson) }),
          ...(exports.length === 0 ? {} : { exports }),
          ...(proofs.length === 0 ? {} : { proofs: proofs.map(proofAsJson) }),
        },
        () =>
          found.map(asText).join('') +
          exports.map(exportAsText).join('') +
          proofs.map(proofAsText).join(''),
      );
      if (!ok) throw cliError('CLI_VERIFICATION_FAILED', 'Verification failed.');
    });
}

const help = `
  strongroom verify data                          everything below a data directory
  strongroom verify data --since kept.checkpoint  … which must continue what you kept
  strongroom verify --proof row.tlog-proof --public-key keys.txt
  strongroom verify EXPORT_DIR --public-key keys.txt   an export, by itself
  strongroom verify COPY --deep                   … and every row of every table

--deep opens the tables with the engine, which writes into their directory: give it a copy where nothing
may change. What lies behind the newest checkpoint that anyone else has seen can be cut off unseen:
keep checkpoints elsewhere (docs/formats/ledger.md).`;

const isSound = ({ verdict, epochTaken, records, rows }: Finding): boolean =>
  verdict.ok &&
  epochTaken !== false &&
  records.length === 0 &&
  (rows === undefined || rows.problems.length === 0);

/** What lies in an export; nothing where the directory is none. */
async function verifyExports(
  context: Context,
  directory: string,
  keys: readonly VerifierKey[],
): Promise<ExportFinding[]> {
  const top = resolve(context.workingDirectory, directory);
  const tables = await findExports(context, top);
  if (tables.length > 0 && keys.length === 0) {
    throw cliError('CLI_USAGE', 'An export is checked with the public key: give --public-key.');
  }
  const progress = new Progress(context.terminal);
  const found: ExportFinding[] = [];
  for (const table of tables) {
    const name = relative(top, table) || '.';
    const onProgress = (rows: number): void => progress.update(`${name}: ${rows} rows`);
    found.push(await verifyExport(context, { top, directory: table, keys, onProgress }));
  }
  progress.update('');
  return found;
}

function exportAsText(finding: ExportFinding): string {
  const { directory, table, origin, files, rows, to, problems, unfinished } = finding;
  const lines = [
    `${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${directory}  ${table} of ${origin}, ${files} files, ${rows} rows, to position ${to}`,
    ...problems.map(({ code, file, message }) => `        ${code}  ${file}: ${message}`),
    ...unfinished.map((file) => `        not finished: ${file}`),
  ];
  return `${lines.join('\n')}\n`;
}

async function verifyLedgers(
  context: Context,
  directory: string,
  own: VerifyOptions,
  given: readonly string[],
): Promise<Finding[]> {
  const top = resolve(context.workingDirectory, directory);
  const ledgers = await findLedgers(context, top);
  if (ledgers.length === 0) {
    throw cliError('CLI_NOT_FOUND', `There is no ledger below ${directory}.`);
  }
  const receipts = await readAll(context, own.receipt ?? []);
  const expected = await Promise.all(
    [...(own.checkpoint ?? []), ...(own.since ?? [])].map(async (path) =>
      fromUtf8(await readFile(context, path)),
    ),
  );
  const alone = ledgers.length === 1;
  const found: Finding[] = [];
  for (const ledger of ledgers) {
    const keys = given.length > 0 ? given : await keysBeside(context, ledger);
    const name = relative(top, ledger) || '.';
    const progress = new Progress(context.terminal);
    const beside = await readBeside(context, ledger, own);
    const verdict = await verifyLedgerDirectory({
      directory: ledger,
      fs: context.fs,
      sha256,
      verifySignature: verifyEd25519,
      publicKeys: keys,
      expected: alone ? expected : expected.filter((text) => isOf(text, keys)),
      receipts: alone ? receipts : receipts.filter((text) => isFor(text, keys)),
      leaves: beside.leaves,
      onProgress: (leaves, size) => progress.update(`${name}: ${leaves} of ${size} leaves`),
    });
    let rows: DeepVerdict | undefined;
    try {
      if (beside.open !== undefined) {
        rows = await verifyRows(context, {
          directory: dirname(ledger),
          ...beside.open,
          onProgress: (count, table) => progress.update(`${name}: ${table}, ${count} rows`),
        });
      }
    } finally {
      beside.open?.keys.close();
    }
    progress.update('');
    const { epoch } = verdict;
    found.push({
      ledger: name,
      verdict,
      ...(epoch === undefined || !verdict.ok
        ? {}
        : { epochTaken: await takeEpoch(context, epoch) }),
      records: beside.problems,
      ...(rows === undefined ? {} : { rows }),
    });
  }
  return found;
}

interface Beside {
  readonly leaves: ReadRecords['leaves'];
  readonly problems: readonly RowProblem[];
  /** What the tables are held against, with `--deep`. */
  readonly open?: Pick<ReadRecords, 'expected' | 'end'> & { readonly keys: WorkspaceKeys };
}

/** What lies beside a ledger and must agree with it: the journal; with `--deep` the records. */
async function readBeside(context: Context, ledger: string, own: VerifyOptions): Promise<Beside> {
  const directory = dirname(ledger);
  const id = basename(directory);
  const isWorkspace = (await context.fs.stat(join(directory, 'engine-keys')))?.kind === 'file';
  if (own.deep === true && isWorkspace) {
    const rootKey =
      own.rootKey === undefined
        ? defaultRootKey(context)
        : resolve(context.workingDirectory, own.rootKey);
    const keys = await openKeysOf(context, { directory, id, rootKey });
    try {
      const size = await sizeOf(context, ledger);
      const { expected, leaves, problems, end } = await readRecords(context, {
        directory,
        id,
        keys,
        size,
      });
      return { leaves, problems, open: { expected, end, keys } };
    } catch (error) {
      keys.close();
      throw error;
    }
  }
  const leaves: ReadRecords['leaves'] = new Map();
  const journal = join(directory, 'journal');
  if ((await context.fs.stat(journal))?.kind !== 'directory') return { leaves, problems: [] };
  const problems = (await journalLeaves(context, journal, leaves)).map((message): RowProblem => ({
    code: 'JOURNAL_DAMAGED',
    message: `journal: ${message}`,
  }));
  return { leaves, problems };
}

/** What the checkpoint says; whether it is signed is found by the verification itself. */
async function sizeOf(context: Context, ledger: string): Promise<bigint> {
  try {
    return parseCheckpoint(fromUtf8(await context.fs.readFile(join(ledger, 'checkpoint')))).size;
  } catch {
    return 0n;
  }
}

interface ProofFinding {
  readonly file: string;
  readonly verdict: Verdict<ProvedSubject>;
  /** False where the payload that was given is another one. */
  readonly payload?: boolean;
}

async function verifyProofs(
  context: Context,
  work: {
    own: VerifyOptions;
    trusted: readonly VerifierKey[];
    found: readonly Finding[];
  },
): Promise<ProofFinding[]> {
  const { own, trusted, found } = work;
  const files = own.proof ?? [];
  if (files.length === 0) return [];
  // Those of a ledger that was verified are followed from the keys that were given.
  const followed = found.flatMap(({ verdict }) => verdict.keys);
  const keys = followed.length > 0 ? followed : trusted;
  if (keys.length === 0) {
    throw cliError('CLI_USAGE', 'A proof is checked with the public key: give --public-key.');
  }
  const payload =
    own.payload === undefined ? undefined : sha256(await readFile(context, own.payload));
  return Promise.all(
    files.map(async (file): Promise<ProofFinding> => {
      const source = fromUtf8(await readFile(context, file));
      const verdict = await verifySubjectProof(source, {
        sha256,
        verifySignature: verifyEd25519,
        keys,
      });
      if (payload === undefined || !verdict.ok) return { file, verdict };
      const proved = verdict.value.payloadHash;
      return { file, verdict, payload: proved !== undefined && equalBytes(proved, payload) };
    }),
  );
}

const proofAsJson = ({ file, verdict, payload }: ProofFinding): object => ({
  file,
  ok: verdict.ok && payload !== false,
  ...(payload === undefined ? {} : { payloadMatches: payload }),
  ...(verdict.ok
    ? {
        kind: verdict.value.kind,
        origin: verdict.value.origin,
        index: verdict.value.index.toString(),
        time: new Date(verdict.value.time).toISOString(),
        treeSize: verdict.value.checkpoint.size.toString(),
        checkpointTime: new Date(verdict.value.checkpoint.time).toISOString(),
        table: verdict.value.table,
        row: verdict.value.cells,
      }
    : { code: verdict.code, message: verdict.message }),
});

function proofAsText({ file, verdict, payload }: ProofFinding): string {
  if (!verdict.ok) return `FAILED  ${file}  ${verdict.code}: ${verdict.message}\n`;
  const { kind, origin, index, time, checkpoint, table, cells } = verdict.value;
  const what =
    kind === 'row'
      ? `a row of ${table}, on record in entry ${index}`
      : `the batch at position ${index}, taken up ${new Date(time).toISOString()}`;
  const shown = (cells ?? [])
    .filter(({ value }) => value !== null && value !== '')
    .map(({ name, value }) => `        ${name}: ${value}\n`);
  const differs = payload === false ? '        The payload that was given is another one.\n' : '';
  return (
    `${payload === false ? 'FAILED' : 'ok    '}  ${file}  ${what}\n` +
    `        in ${origin}, tree of ${checkpoint.size}, signed ${new Date(checkpoint.time).toISOString()}\n` +
    shown.join('') +
    differs
  );
}

const isOf = (checkpoint: string, keys: readonly string[]): boolean =>
  keys.some((key) => key.startsWith(`${checkpoint.split('\n')[0] ?? ''}+`));

/** A receipt's second field is its ledger's origin (docs/formats/receipt.md). */
const isFor = (receipt: string, keys: readonly string[]): boolean =>
  keys.some((key) => key.startsWith(`${receipt.split(';')[1]?.trim() ?? ''}+`));

const asJson = (finding: Finding): object => ({ ...findingFields(finding), ok: isSound(finding) });

const findingFields = ({ ledger, verdict, epochTaken, records, rows }: Finding): object => ({
  ledger,
  origin: verdict.checkpoint?.origin,
  size: verdict.size.toString(),
  root: verdict.root,
  checkpoint: verdict.checkpoint?.text,
  problems: verdict.problems,
  problemsOmitted: verdict.problemsOmitted,
  ...(verdict.epoch === undefined
    ? {}
    : {
        epoch: {
          number: verdict.epoch.number.toString(),
          time: new Date(verdict.epoch.time).toISOString(),
          reason: verdict.epoch.reason,
          keptSize: verdict.epoch.kept.size.toString(),
          taken: epochTaken === true,
        },
      }),
  records,
  ...(rows === undefined
    ? {}
    : { rows: { ...rows, rows: Number(rows.rows), rowsPending: Number(rows.rowsPending) } }),
});

function asText(finding: Finding): string {
  const { ledger, verdict, records, rows } = finding;
  const lines = [
    `${isSound(finding) ? 'ok    ' : 'FAILED'}  ${ledger}  ${verdict.checkpoint?.origin ?? 'no origin'}  ${verdict.size} entries  root ${verdict.root ?? '-'}`,
    ...verdict.problems.map(({ code, path, message }) => `        ${code}  ${path}: ${message}`),
  ];
  const { epoch } = verdict;
  if (epoch !== undefined) {
    const { number, reason, kept } = epoch;
    lines.push(
      finding.epochTaken === true
        ? `        restored on purpose, epoch ${number}: ${reason}; what you kept goes beyond its ${kept.size} entries`
        : `        LEDGER_EPOCH_USED  another restore was taken as epoch ${number}`,
    );
  }
  const omitted = verdict.problemsOmitted + (rows?.problemsOmitted ?? 0);
  if (rows !== undefined) {
    const { tables, rows: count, rowsPending, seconds } = rows;
    lines.push(
      `        ${count} rows of ${tables} tables held against the ledger in ${seconds.toFixed(1)} s` +
        (rowsPending > 0n ? `; ${rowsPending} of them too new to be committed to` : ''),
    );
  }
  for (const { code, table, position, message } of [...records, ...(rows?.problems ?? [])]) {
    const place = [table, position === undefined ? '' : `position ${position}`].filter(Boolean);
    lines.push(`        ${code}  ${place.join(', ')}${place.length > 0 ? ': ' : ''}${message}`);
  }
  if (omitted > 0) lines.push(`        and ${omitted} problems more`);
  return `${lines.join('\n')}\n`;
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
