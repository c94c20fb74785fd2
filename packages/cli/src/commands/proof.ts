import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { portalPaths, readConsistencyProof } from '@strongroom/api';
import { fromBase64, fromUtf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import {
  followHandOvers,
  parseCheckpoint,
  parseHandOverText,
  parseVerifierKey,
  printVerifierKey,
  verifyContinuation,
  verifyEpoch,
} from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import { findWorkspace } from '../client.js';
import type { Client } from '../client.js';
import type { Context } from '../context.js';
import { optionsOf, print, withClient } from '../context.js';
import { cliError } from '../errors.js';
import { replaceText, takeEpoch } from '../ledger-trust.js';
import { loginFile } from '../profile.js';

interface ProofOptions {
  readonly table?: string;
  readonly position?: string;
  readonly row?: string;
  readonly values?: string;
  readonly output?: string;
}

/** `strongroom proof` and `strongroom checkpoint` */
export function addProofCommands(program: Command, context: Context): void {
  program
    .command('proof')
    .option('--position <n>', 'journal position: of a batch (its receipt says it), or of a row')
    .option('--table <name>', 'table of the row')
    .option('--row <n>', 'number of the row in its batch, from 0')
    .option('--values <json>', 'with --table: find the row by its values, as a query shows them')
    .option('-o, --output <file>', 'write it there instead of to the output')
    .description(
      'a proof of one batch or one row, which `strongroom verify --proof` checks offline',
    )
    .addHelpText(
      'after',
      `
  strongroom proof --position 17 -o batch.tlog-proof
  strongroom proof --table Syslog --position 17 --row 3 -o row.tlog-proof
  strongroom proof --table Syslog --values '{"TimeGenerated":"2026-01-01T00:00:00Z","Computer":"a"}'`,
    )
    .action(async (own: ProofOptions, command: Command) => {
      const options = optionsOf<ProofOptions>(command);
      await withClient(context, options, async (client) => {
        const { workspaceId } = await findWorkspace(client, options.workspace);
        const path = portalPaths.proof(workspaceId);
        const { table, position, row, values } = own;
        let text: string;
        if (table !== undefined && values !== undefined) {
          const body = JSON.stringify({ table, row: parseValues(values) });
          text = await askText(client, 'POST', path, body);
        } else if (position !== undefined && (table === undefined) === (row === undefined)) {
          const query = new URLSearchParams({
            position,
            ...(table === undefined || row === undefined ? {} : { table, row }),
          });
          text = await askText(client, 'GET', `${path}?${query.toString()}`);
        } else {
          throw cliError(
            'CLI_USAGE',
            'Give --position for a batch; --table, --position and --row, or --table and --values, for a row.',
          );
        }
        if (own.output === undefined) {
          await context.terminal.out(text);
          return;
        }
        await replaceText(context, resolve(context.workingDirectory, own.output), text);
        context.terminal.note(`${own.output}: check it with strongroom verify --proof\n`);
      });
    });

  program
    .command('checkpoint')
    .option('-o, --output <file>', 'also write it there')
    .option(
      '--hand-overs <file>',
      'write the hand-overs of its key there, for `verify --hand-overs`',
    )
    .description(
      'the newest checkpoint, proved to continue the one that this account saw last; exit code 5 where it does not',
    )
    .action(async (own: { output?: string; handOvers?: string }, command: Command) => {
      const options = optionsOf<{ output?: string }>(command);
      await withClient(context, options, async (client) => {
        const { workspaceId, name } = await findWorkspace(client, options.workspace);
        const seen = await seeCheckpoint(context, client, workspaceId);
        if (seen.epoch !== undefined) {
          context.terminal.note(
            `The ledger was restored to an earlier point on purpose (epoch ${seen.epoch.number}): ${seen.epoch.reason}\n`,
          );
        }
        if (own.output !== undefined) {
          await replaceText(context, resolve(context.workingDirectory, own.output), seen.text);
        }
        if (own.handOvers !== undefined) {
          const path = resolve(context.workingDirectory, own.handOvers);
          await replaceText(context, path, seen.handOvers);
        }
        await print(
          context,
          options,
          { workspace: name, checkpoint: seen.text, before: seen.before, epoch: seen.epoch },
          () => seen.text,
        );
      });
    });
}

interface SeenCheckpoint {
  readonly text: string;
  readonly before: string | undefined;
  /** The hand-overs of its key, as a file. */
  readonly handOvers: string;
  /** A restore that explains why it does not continue what was seen. */
  readonly epoch?: { readonly number: string; readonly reason: string; readonly kept: string };
}

/**
 * Asks for the newest checkpoint and keeps it; fails with exit code 5 where it does not continue the
 * one that was kept. The key is kept as well: the first one that is seen is trusted, later ones only
 * where each was vouched for by the one before. A restore that its key stated is taken once.
 */
async function seeCheckpoint(
  context: Context,
  client: Client,
  workspaceId: string,
): Promise<SeenCheckpoint> {
  const { fs } = context;
  const directory = join(loginFile(context.environment), '..', 'checkpoints');
  const path = join(directory, workspaceId);
  const kept = (await fs.stat(path)) === undefined ? undefined : fromUtf8(await fs.readFile(path));
  const end = kept?.indexOf('\n') ?? -1;
  let before = kept?.slice(end + 1);
  const keyText =
    kept?.slice(0, end) ??
    (await askText(client, 'GET', portalPaths.publicKey(workspaceId))).trim();
  const first = parseVerifierKey(sha256, keyText);
  const handOvers = await askText(client, 'GET', portalPaths.handOvers(workspaceId));
  const verifier = { sha256, verifySignature: verifyEd25519, origin: first.name };
  const refused = (message: string): Error =>
    cliError('CLI_VERIFICATION_FAILED', `The service went back: ${message}.`, {
      hint: `The checkpoint seen before is in ${path}; keep it as evidence.`,
    });
  const followed = await followHandOvers(parseHandOverText(sha256, handOvers), {
    ...verifier,
    keys: [first],
  });
  if (!followed.ok) throw refused(followed.message);
  const { keys, newest } = followed.value;
  const look = async (): Promise<Awaited<ReturnType<typeof verifyContinuation>>> => {
    const from = before === undefined ? 0n : parseCheckpoint(before).size;
    const { text, hashes } = await askContinuation(client, workspaceId, from);
    return verifyContinuation(text, { ...verifier, keys, before, hashes });
  };
  let verdict = await look();
  let epoch: SeenCheckpoint['epoch'];
  if (!verdict.ok && before !== undefined) {
    const statement = await askEpoch(client, workspaceId);
    const stated =
      statement === undefined ? undefined : await verifyEpoch(statement, { ...verifier, keys });
    if (stated?.ok === true && stated.value.kept.size <= parseCheckpoint(before).size) {
      const { origin, number, reason, kept: keptCheckpoint } = stated.value;
      if (!(await takeEpoch(context, { origin, number, statement: statement! }))) {
        throw refused(`another restore is stated as epoch ${number}`);
      }
      before = keptCheckpoint.text;
      epoch = { number: String(number), reason, kept: before };
      verdict = await look();
    }
  }
  if (!verdict.ok) throw refused(verdict.message);
  const { text } = verdict.value;
  // What was followed need not be followed again; before a checkpoint of the new key it stays the old.
  const isNew =
    newest !== undefined &&
    (await verifyContinuation(text, {
      ...verifier,
      keys: [newest],
      before: undefined,
      hashes: undefined,
    }).then(({ ok }) => ok));
  const keep = isNew ? printVerifierKey(sha256, newest) : keyText;
  await fs.makeDirectory(directory);
  await replaceText(context, path, `${keep}\n${text}`);
  return { text, before, handOvers, ...(epoch === undefined ? {} : { epoch }) };
}

async function askEpoch(client: Client, workspaceId: string): Promise<string | undefined> {
  const answer = await client.exchange({ method: 'GET', path: portalPaths.epoch(workspaceId) });
  return answer.status === 200 ? fromUtf8(answer.body) : undefined;
}

async function askContinuation(
  client: Client,
  workspaceId: string,
  from: bigint,
): Promise<{ text: string; hashes: readonly Uint8Array[] | undefined }> {
  if (from > 0n) {
    const answer = await client.exchange({
      method: 'GET',
      path: `${portalPaths.consistency(workspaceId)}?from=${from}`,
    });
    const proof =
      answer.status === 200 ? readConsistencyProof(JSON.parse(fromUtf8(answer.body))) : undefined;
    if (proof !== undefined) {
      return { text: proof.checkpoint, hashes: proof.hashes.map((hash) => fromBase64(hash)) };
    }
  }
  const text = await askText(client, 'GET', portalPaths.checkpoint(workspaceId));
  return { text, hashes: undefined };
}

async function askText(
  client: Client,
  method: 'GET' | 'POST',
  path: string,
  body?: string,
): Promise<string> {
  const answer = await client.exchange({
    method,
    path,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body }),
  });
  const said = fromUtf8(answer.body);
  if (answer.status === 200) return said;
  throw cliError(
    answer.status === 404 ? 'CLI_NOT_FOUND' : answer.status === 403 ? 'CLI_REFUSED' : 'CLI_FAILED',
    messageOf(said) ?? `The service answered ${answer.status}.`,
  );
}

function messageOf(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}

function parseValues(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw cliError('CLI_USAGE', '--values is not JSON.');
  }
}
