import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Command } from 'commander';
import { concatBytes, fromUtf8 } from '@strongroom/base';
import { requestIdHeader } from '@strongroom/api';
import type { Context } from '../context.js';
import { optionsOf, print, withClient } from '../context.js';
import type { Client } from '../client.js';
import { readJson } from '../connection.js';
import { cliError } from '../errors.js';
import { Progress } from '../terminal.js';

const compress = promisify(gzip);

/** Plain bytes of one request. */
const chunkBytesMax = 1_000_000;
/** Requests on the way at once. */
const inFlightMax = 4;
const attemptsMax = 8;

/** `strongroom send` */
export function addSendCommand(program: Command, context: Context): void {
  program
    .command('send')
    .argument('[files...]', 'NDJSON files; standard input where there are none')
    .option('--rule <immutableId>', 'data collection rule (dcr-…); the profile’s otherwise')
    .option('--stream <name>', 'stream of the rule; the profile’s otherwise')
    .description('sends rows, one JSON object a line, through the Logs Ingestion API')
    .addHelpText(
      'after',
      `
Example:
  echo '{"TimeGenerated":"2026-01-31T12:00:00Z","Computer":"me","RawData":"hello"}' | strongroom send`,
    )
    .action(async (files: string[], own: { rule?: string; stream?: string }, command: Command) => {
      const options = optionsOf(command);
      await withClient(context, options, async (client) => {
        const rule = own.rule ?? client.profile.rule;
        const stream = own.stream ?? client.profile.stream;
        if (rule === undefined || stream === undefined) {
          throw cliError('CLI_USAGE', 'Which rule and stream? Name them: --rule, --stream.', {
            hint: 'Or take those of the default workspace on this machine: `strongroom --data DIR send`.',
          });
        }
        const path =
          `/dataCollectionRules/${encodeURIComponent(rule)}/streams/` +
          `${encodeURIComponent(stream)}?api-version=2023-01-01`;
        const total = await sendAll(context, client, path, inputs(context, files));
        await print(
          context,
          options,
          total,
          () =>
            `${counted(total.rows, 'row')} acknowledged in ${counted(total.requests, 'request')}\n`,
        );
      });
    });
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

async function* inputs(context: Context, files: readonly string[]): AsyncGenerator<Uint8Array> {
  if (files.length === 0) {
    if (context.terminal.inputIsTerminal) {
      context.terminal.note(
        'Reading rows from the terminal, one JSON object a line; Ctrl-D ends.\n',
      );
    }
    yield* context.terminal.input;
    return;
  }
  for (const file of files) {
    try {
      yield* createReadStream(resolve(context.workingDirectory, file));
    } catch (cause) {
      if (cause instanceof Error && 'syscall' in cause) {
        throw cliError('CLI_NOT_FOUND', `${file} cannot be read.`, { cause });
      }
      throw cause;
    }
    yield new Uint8Array([0x0a]);
  }
}

interface Total {
  rows: number;
  bytes: number;
  requests: number;
}

async function sendAll(
  context: Context,
  client: Client,
  path: string,
  input: AsyncIterable<Uint8Array>,
): Promise<Total> {
  const total: Total = { rows: 0, bytes: 0, requests: 0 };
  const progress = new Progress(context.terminal);
  const started = context.clock.monotonicMs();
  const inFlight = new Set<Promise<void>>();
  let failure: unknown;
  for await (const lines of chunks(input)) {
    if (failure !== undefined || context.signal.aborted) break;
    const sending = sendChunk(context, client, path, lines)
      .then((bytes) => {
        total.rows += lines.length;
        total.bytes += bytes;
        total.requests += 1;
        const seconds = (context.clock.monotonicMs() - started) / 1000;
        const rate = (total.bytes / 1_000_000 / Math.max(seconds, 0.001)).toFixed(1);
        progress.update(`${total.rows} rows acknowledged, ${rate} MB/s`);
      })
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    if (inFlight.size >= inFlightMax) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  progress.update('');
  if (failure !== undefined) {
    progress.end(`${total.rows} rows were acknowledged before the failure.`);
    throw failure;
  }
  return total;
}

/** Lines in groups of up to {@link chunkBytesMax}; a longer line is a group of its own. */
async function* chunks(input: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  let rest = new Uint8Array();
  let lines: string[] = [];
  let size = 0;
  let number = 0;
  function* take(line: Uint8Array): Generator<string[]> {
    number += 1;
    const text = readLine(line, number);
    if (text === '') return;
    if (size + line.length > chunkBytesMax && lines.length > 0) {
      yield lines;
      lines = [];
      size = 0;
    }
    lines.push(text);
    size += line.length + 1;
  }
  for await (const chunk of input) {
    let data = rest.length === 0 ? chunk : concatBytes(rest, chunk);
    for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
      yield* take(data.subarray(0, end));
      data = data.subarray(end + 1);
    }
    rest = data.slice();
  }
  if (rest.length > 0) yield* take(rest);
  if (lines.length > 0) yield lines;
}

function readLine(bytes: Uint8Array, number: number): string {
  try {
    const text = fromUtf8(bytes).trim();
    if (text === '') return text;
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  } catch {
    // Said below: the parser's own words would show a part of the line.
  }
  throw cliError('CLI_USAGE', `Line ${number} is not a JSON object in UTF-8.`, {
    hint: 'Lines before it in the same group were not sent; whole groups before it were.',
  });
}

/** Sends one group until it is acknowledged or refused; retries carry the same request id. */
async function sendChunk(
  context: Context,
  client: Client,
  path: string,
  lines: readonly string[],
): Promise<number> {
  const plain = `[${lines.join(',')}]`;
  const body = await compress(plain, { level: 3 });
  const requestId = context.random.uuid();
  for (let attempt = 1; ; attempt += 1) {
    const response = await client
      .exchange({
        method: 'POST',
        path,
        headers: {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          [requestIdHeader]: requestId,
        },
        body,
      })
      .catch((error: unknown) => {
        if (attempt >= attemptsMax) throw error;
        return undefined;
      });
    if (response?.status === 204) return plain.length;
    const again = response === undefined || response.status === 429 || response.status >= 500;
    if (!again || attempt >= attemptsMax) {
      if (response !== undefined) readJson(response);
      throw cliError('CLI_FAILED', `The service answered ${response?.status ?? 0}, not 204.`);
    }
    const asked = Number(response?.headers['retry-after']);
    const waitMs = Number.isFinite(asked) ? asked * 1000 : Math.min(250 * 2 ** attempt, 10_000);
    await context.clock.sleep(waitMs, context.signal);
  }
}
