import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from '@strongroom/base';
import { ed25519Signer, verifyEd25519 } from '@strongroom/keys';
import {
  cosignatureLine,
  decideWitness,
  followHandOvers,
  ledgerLimits,
  originOf,
  parseAddCheckpoint,
  parseHandOverText,
  parseHandOvers,
  parseVerifierKey,
  printHandOverText,
  printVerifierKey,
  verifyEpoch,
} from '@strongroom/ledger';
import type { NoteSigner, VerifierKey, WitnessedTree } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from '../context.js';
import { cliError } from '../errors.js';

interface WitnessOptions {
  readonly name: string;
  readonly state: string;
  readonly listen: string;
  readonly log: string[];
}

/** `strongroom witness`: c2sp.org/tlog-witness, `add-checkpoint`. */
export function addWitnessCommand(program: Command, context: Context): void {
  program
    .command('witness')
    .requiredOption('--name <name>', 'the witness’s name, as its signatures show it')
    .requiredOption('--state <dir>', 'its key, and the newest tree that it saw of each ledger')
    .requiredOption('--log <key...>', 'public keys of the ledgers, or files with them')
    .option('--listen <address>', 'HOST:PORT; put TLS before it', '127.0.0.1:8550')
    .description('runs a witness: signs checkpoints that continue what it saw, and no others')
    .action(async (own: WitnessOptions) => {
      const witness = await Witness.open(context, own);
      await witness.serve(own.listen);
    });
}

class Witness {
  readonly #context: Context;
  readonly #directory: string;
  readonly #signer: NoteSigner;
  readonly #keys: readonly VerifierKey[];
  /** One request after the other: what was seen is stored before it is signed. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    context: Context,
    parts: { directory: string; signer: NoteSigner; keys: readonly VerifierKey[] },
  ) {
    this.#context = context;
    this.#directory = parts.directory;
    this.#signer = parts.signer;
    this.#keys = parts.keys;
  }

  static async open(context: Context, own: WitnessOptions): Promise<Witness> {
    const { fs, random, workingDirectory } = context;
    const directory = resolve(workingDirectory, own.state);
    await fs.makeDirectory(directory);
    const keyPath = join(directory, 'key');
    if ((await fs.stat(keyPath)) === undefined) {
      await replaceDurably(context, keyPath, `${toHex(random.bytes(32))}\n`);
    }
    const signer = ed25519Signer(fromHex(fromUtf8(await fs.readFile(keyPath)).trim()));
    const keys: VerifierKey[] = [];
    for (const value of own.log) {
      const path = resolve(workingDirectory, value);
      const isFile = (await fs.stat(path))?.kind === 'file';
      const text = isFile ? fromUtf8(await fs.readFile(path)) : value;
      for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
        keys.push(parseVerifierKey(sha256, line.trim()));
      }
    }
    const noteSigner: NoteSigner = {
      keyName: own.name,
      publicKey: signer.publicKey,
      sign: (message) => signer.sign(message),
    };
    return new Witness(context, { directory, signer: noteSigner, keys });
  }

  /** Until Ctrl-C. Prints the key that its signatures are checked with, and where it listens. */
  async serve(listen: string): Promise<void> {
    const match = /^(.+):(\d{1,5})$/.exec(listen);
    if (match === null) throw cliError('CLI_USAGE', '--listen must be HOST:PORT.');
    const server = createServer((request, response) => {
      this.#answer(request).then(
        ({ status, body, type }) => {
          response.writeHead(status, { 'content-type': type ?? 'text/plain; charset=utf-8' });
          response.end(body);
        },
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen(Number(match[2]), match[1], done);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : match[2];
    const { keyName: name, publicKey } = this.#signer;
    const { terminal, signal } = this.#context;
    await terminal.out(`${printVerifierKey(sha256, { name, publicKey, type: 4 })}\n`);
    await terminal.out(`witness http://${match[1]}:${port}\n`);
    await new Promise<void>((done) => {
      if (signal.aborted) done();
      else signal.addEventListener('abort', () => done(), { once: true });
    });
    server.closeAllConnections();
    server.close();
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body: string; type?: string }> {
    const path = new URL(request.url ?? '/', 'http://witness').pathname;
    const what = /\/(add-checkpoint|add-hand-overs|add-epoch)$/.exec(path)?.[1];
    if (what === undefined) return { status: 404, body: 'not found\n' };
    if (request.method !== 'POST') return { status: 405, body: 'POST\n' };
    const body = await readBody(request);
    if (what !== 'add-checkpoint') {
      const turn = this.#turn.then(() =>
        what === 'add-epoch' ? this.#addEpoch(body ?? '') : this.#addHandOvers(body ?? ''),
      );
      this.#turn = turn.catch(() => undefined);
      return turn;
    }
    const asked = body === undefined ? undefined : parseAddCheckpoint(body);
    if (asked === undefined) return { status: 400, body: 'malformed\n' };
    const turn = this.#turn.then(async () => {
      const path_ = this.#pathOf(originOf(asked) ?? '');
      const answer = await decideWitness(asked, {
        sha256,
        verifySignature: verifyEd25519,
        keys: await this.#keysOf(originOf(asked) ?? ''),
        seen: await this.#seen(path_),
      });
      if (answer.kind === 'refused') return { status: answer.status, body: `${answer.reason}\n` };
      if (answer.kind === 'conflict') {
        return { status: 409, body: `${answer.size}\n`, type: 'text/x.tlog.size' };
      }
      const { size, root } = answer.tree;
      await replaceDurably(this.#context, path_, `${size} ${toBase64(root)}\n`);
      const seconds = BigInt(Math.floor(this.#context.clock.now() / 1000));
      const line = await cosignatureLine(sha256, answer.text, { signer: this.#signer, seconds });
      return { status: 200, body: line };
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** The keys of a ledger: those that the operator gave, and those that hand-overs led to. */
  async #keysOf(origin: string): Promise<readonly VerifierKey[]> {
    const followed = await this.#follow(origin, await this.#handOvers(origin));
    return followed ?? this.#keys;
  }

  async #handOvers(origin: string): Promise<readonly string[]> {
    const { fs } = this.#context;
    const path = this.#pathOf(origin, 'handovers');
    return (await fs.stat(path)) === undefined
      ? []
      : parseHandOvers(sha256, await fs.readFile(path));
  }

  async #follow(
    origin: string,
    handOvers: readonly string[],
  ): Promise<readonly VerifierKey[] | undefined> {
    const verifier = { sha256, verifySignature: verifyEd25519, keys: this.#keys, origin };
    const followed = await followHandOvers(handOvers, verifier);
    return followed.ok ? followed.value.keys : undefined;
  }

  /** All hand-overs of a ledger's key: those that were taken before must lead the list unchanged. */
  async #addHandOvers(body: string): Promise<{ status: number; body: string }> {
    let shown: string[] = [];
    try {
      shown = parseHandOverText(sha256, body);
    } catch {
      // Said below.
    }
    const origin = shown[0]?.split('\n')[1];
    if (origin === undefined) return { status: 400, body: 'malformed\n' };
    if (!this.#keys.some(({ name }) => name === origin)) {
      return { status: 404, body: 'unknown log\n' };
    }
    const known = await this.#handOvers(origin);
    if (known.some((each, at) => shown[at] !== each)) return { status: 409, body: 'conflict\n' };
    if ((await this.#follow(origin, shown)) === undefined) {
      return { status: 403, body: 'LEDGER_HANDOVER_WRONG\n' };
    }
    await replaceDurably(
      this.#context,
      this.#pathOf(origin, 'handovers'),
      printHandOverText(sha256, shown),
    );
    return { status: 200, body: 'ok\n' };
  }

  /** A restore to an earlier point that the ledger's key stated: taken once, by its number. */
  async #addEpoch(body: string): Promise<{ status: number; body: string }> {
    const origin = body.split('\n')[1] ?? '';
    const keys = await this.#keysOf(origin);
    if (!keys.some(({ name }) => name === origin)) return { status: 404, body: 'unknown log\n' };
    const verifier = { sha256, verifySignature: verifyEd25519, keys, origin };
    const verdict = await verifyEpoch(body, verifier);
    if (!verdict.ok) return { status: 403, body: `${verdict.code}\n` };
    const { number, kept, key } = verdict.value;
    const { fs } = this.#context;
    const epochPath = this.#pathOf(origin, 'epoch');
    const before = (await fs.stat(epochPath)) === undefined ? '0' : await readLine(fs, epochPath);
    const seen = await this.#seen(this.#pathOf(origin));
    if (number <= BigInt(before) || seen === undefined || kept.size > seen.size) {
      return { status: 409, body: `epoch ${before}\n` };
    }
    await replaceDurably(this.#context, epochPath, `${number}\n`);
    if (key.retired !== undefined) {
      // The ledger is as it was before that key was replaced; it may be replaced by another one.
      const known = await this.#handOvers(origin);
      const at = keys
        .filter(({ retired }) => retired !== undefined)
        .toReversed()
        .indexOf(key);
      const text = printHandOverText(sha256, known.slice(0, at));
      await replaceDurably(this.#context, this.#pathOf(origin, 'handovers'), text);
    }
    const tree = `${kept.size} ${toBase64(kept.root)}\n`;
    await replaceDurably(this.#context, this.#pathOf(origin), tree);
    return { status: 200, body: 'ok\n' };
  }

  #pathOf(origin: string, kind: 'seen' | 'handovers' | 'epoch' = 'seen'): string {
    return join(this.#directory, `${kind}-${toHex(sha256(utf8(origin)))}`);
  }

  async #seen(path: string): Promise<WitnessedTree | undefined> {
    const { fs } = this.#context;
    if ((await fs.stat(path)) === undefined) return undefined;
    const [size = '', root = ''] = fromUtf8(await fs.readFile(path))
      .trim()
      .split(' ');
    return { size: BigInt(size), root: fromBase64(root) };
  }
}

const readLine = async (fs: Context['fs'], path: string): Promise<string> =>
  fromUtf8(await fs.readFile(path)).trim();

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ledgerLimits.noteBytesMax) return undefined;
    chunks.push(chunk);
  }
  try {
    return fromUtf8(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}

async function replaceDurably({ fs }: Context, path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  if ((await fs.stat(fresh)) !== undefined) await fs.remove(fresh);
  const file = await fs.open(fresh, 'create');
  try {
    await file.write(0, utf8(text));
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(fresh, path);
  await fs.syncDirectory(join(path, '..'));
}
