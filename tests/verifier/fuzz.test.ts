import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fromHex, toBase64, toHex, utf8 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import {
  commitmentOfOpening,
  consistencyProof,
  followHandOvers,
  entryLeafData,
  inclusionProof,
  leafHash,
  makeReceipts,
  parseVerifierKey,
  printSubjectProof,
  printVerifierKey,
  rootOf,
  rowLeaf,
  rowPath,
  shapeDigest,
  signCheckpoint,
  signHandOver,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
  verifyReceipt,
  verifySubjectProof,
} from '@strongroom/ledger';
import type { EntryCommitment, ProofSubject } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import { seededRandom, testSigner } from '@strongroom/testkit';
import type { SeededRandom } from '@strongroom/testkit';
import { repository } from '../support/service.js';

/**
 * Two verifiers that share no line agree on every checkpoint, receipt, proof and tree, whole or
 * mutated. The second one is `verify.py`: Python's library and the `openssl` command.
 */
const cases = Number(process.env['STRONGROOM_MUTATIONS'] ?? 600);
const seed = process.env['STRONGROOM_TEST_SEED'] ?? 'two verifiers';
const tools = [
  ['python3', '--version'],
  ['openssl', 'version'],
].every(([name, flag]) => spawnSync(name!, [flag!]).status === 0);
const absent = tools || process.env['CI'] === 'true' ? false : 'python3 or openssl is not here';

const id = '8f1c21e3-b664-4e3f-9bf0-1964320e61f9';
const origin = `strongroom/${id}`;
const signer = testSigner(origin);
const chained = ['a', 'b', 'c', 'd', 'e'].map((seed) => testSigner(origin, seed));
const key = printVerifierKey(sha256, { name: origin, publicKey: signer.publicKey });
const verifier = { sha256, verifySignature: verifyEd25519, keys: [parseVerifierKey(sha256, key)] };

type Case = Readonly<Record<string, unknown>> & { readonly do: string };

async function ours(question: Case): Promise<boolean> {
  const hash = (name: string): Uint8Array => fromHex(String(question[name]));
  const hashes = (): Uint8Array[] => (question['hashes'] as string[]).map(fromHex);
  const big = (name: string): bigint => BigInt(String(question[name]));
  const text = String(question['text']);
  switch (question.do) {
    case 'inclusion':
      return verifyInclusion(sha256, {
        index: big('index'),
        size: big('size'),
        leafHash: hash('leaf'),
        hashes: hashes(),
        root: hash('root'),
      }).ok;
    case 'consistency':
      return verifyConsistency(sha256, {
        oldSize: big('oldSize'),
        oldRoot: hash('oldRoot'),
        size: big('size'),
        root: hash('root'),
        hashes: hashes(),
      }).ok;
    case 'tree': {
      const leaves = (question['leaves'] as string[]).map((leaf) =>
        leafHash(sha256, fromHex(leaf)),
      );
      return toHex(rootOf(sha256, leaves)) === question['root'];
    }
    case 'checkpoint':
      return (await verifyCheckpoint(text, { ...verifier, origin })).ok;
    case 'followed': {
      const at = Number(question['at']);
      const handOvers = [...(question['handOvers'] as string[])];
      if (at >= 0) handOvers[at] = text;
      const held = [parseVerifierKey(sha256, String(question['key']))];
      const followed = await followHandOvers(handOvers, { ...verifier, keys: held, origin });
      if (!followed.ok) return false;
      const note = at < 0 ? text : String(question['checkpoint']);
      return (await verifyCheckpoint(note, { ...verifier, keys: followed.value.keys, origin })).ok;
    }
    case 'receipt':
      return (await verifyReceipt(text, verifier)).ok;
    default:
      return (await verifySubjectProof(text, verifier)).ok;
  }
}

/** Something that is right, to be mutated. */
class Sound {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  #leaves(count: number): Uint8Array[] {
    return Array.from({ length: count }, () => leafHash(sha256, this.#random.bytes(32)));
  }

  inclusion(): Case {
    const size = 1 + this.#random.integer(40);
    const leaves = this.#leaves(size);
    const index = this.#random.integer(size);
    const path = inclusionProof(sha256, leaves, index).map(toHex);
    const leaf = toHex(leaves[index]!);
    const root = toHex(rootOf(sha256, leaves));
    return { do: 'inclusion', index: `${index}`, size: `${size}`, leaf, hashes: path, root };
  }

  consistency(): Case {
    const size = 1 + this.#random.integer(40);
    const leaves = this.#leaves(size);
    const old = this.#random.integer(size + 1);
    return {
      do: 'consistency',
      oldSize: `${old}`,
      oldRoot: toHex(rootOf(sha256, leaves.slice(0, old))),
      size: `${size}`,
      root: toHex(rootOf(sha256, leaves)),
      hashes: consistencyProof(sha256, leaves, old).map(toHex),
    };
  }

  tree(): Case {
    const data = Array.from({ length: this.#random.integer(30) }, () => this.#random.bytes(32));
    const root = rootOf(
      sha256,
      data.map((each) => leafHash(sha256, each)),
    );
    return { do: 'tree', leaves: data.map(toHex), root: toHex(root) };
  }

  async checkpoint(): Promise<Case> {
    const size = BigInt(this.#random.integer(1 << 20));
    const head = { origin, size, root: this.#random.bytes(32), time: 1_790_000_000_000 };
    const { text } = await signCheckpoint(sha256, head, signer);
    return { do: 'checkpoint', text, key, origin };
  }

  /** A chain of keys, any of them held, and a checkpoint by one of them; now and then in another order. */
  async followed(): Promise<Case> {
    const random = this.#random;
    const links = 1 + random.integer(3);
    const handOvers: string[] = [];
    const sizes: bigint[] = [];
    for (let number = 1; number <= links; number += 1) {
      sizes.push((sizes.at(-1) ?? 0n) + BigInt(random.integer(9)));
      const about = { origin, number: BigInt(number), time: 1_790_000_000_000 + number };
      const [from, to] = [chained[number - 1]!, chained[number]!];
      const tree = { size: sizes.at(-1)!, root: random.bytes(32) };
      handOvers.push(await signHandOver(sha256, { ...about, ...tree }, { from, to }));
    }
    const by = random.integer(links + 1);
    const size = (sizes[by] ?? 50n) + BigInt(random.chance(0.3) ? random.integer(3) - 1 : 0);
    const head = {
      origin,
      size: size < 0n ? 0n : size,
      root: random.bytes(32),
      time: 1_790_000_000_000,
    };
    const { text: checkpoint } = await signCheckpoint(sha256, head, chained[by]!);
    const { publicKey } = chained[random.chance(0.1) ? 4 : random.integer(links + 1)]!;
    if (random.chance(0.1)) handOvers.reverse();
    const at = random.integer(links + 1) - 1;
    const text = at < 0 ? checkpoint : handOvers[at]!;
    const held = printVerifierKey(sha256, { name: origin, publicKey });
    return { do: 'followed', text, at, handOvers, checkpoint, key: held, origin };
  }

  async receipt(): Promise<Case> {
    const commitments = this.#leaves(1 + this.#random.integer(9));
    const start = BigInt(this.#random.integer(1000));
    const group = { origin, start, commitments, time: 1_790_000_000_123 };
    const receipts = await makeReceipts(sha256, group, signer);
    return { do: 'receipt', text: this.#random.pick(receipts), key };
  }

  async proof(): Promise<Case> {
    const random = this.#random;
    const leaves = this.#leaves(1 + random.integer(20));
    const index = random.integer(leaves.length);
    const opening = {
      journalId: id,
      position: BigInt(index),
      time: 1_790_000_000_000 + random.integer(1000),
      salt: random.bytes(32),
      metadataHash: random.bytes(32),
      payloadHash: random.bytes(32),
    };
    const subject: ProofSubject = random.chance(0.3)
      ? { kind: 'entry', opening }
      : this.#row(opening);
    const metadataHash =
      subject.kind === 'row' ? sha256(subject.metadata) : subject.opening.metadataHash;
    leaves[index] = leafHash(sha256, commitmentOfOpening(sha256, { ...opening, metadataHash }));
    const head = {
      origin,
      size: BigInt(leaves.length),
      root: rootOf(sha256, leaves),
      time: 1_790_000_000_000,
    };
    const { text: checkpoint } = await signCheckpoint(sha256, head, signer);
    const hashes = inclusionProof(sha256, leaves, index);
    const text = printSubjectProof({ index: BigInt(index), hashes, checkpoint, subject });
    return { do: 'proof', text, key };
  }

  #row(opening: ProofSubject['opening']): ProofSubject {
    const random = this.#random;
    const columns = [
      { name: 'TimeGenerated', type: 'datetime' },
      { name: 'Message', type: 'string' },
      { name: 'Count', type: 'long' },
      { name: 'Flag', type: 'bool' },
    ];
    const position = BigInt(random.integer(1000));
    const rows = Array.from({ length: 1 + random.integer(9) }, (_, row) => {
      const text = utf8('x'.repeat(random.integer(300)));
      const head = Buffer.alloc(8);
      head.writeBigInt64LE(639_000_000_000_000_000n);
      const tail = Buffer.alloc(24);
      tail.writeBigInt64LE(639_000_000_000_000_000n, 0);
      tail.writeBigUInt64LE(position, 8);
      tail.writeUInt32LE(row, 16);
      const size =
        text.length < 128 ? [text.length] : [(text.length & 127) | 128, text.length >> 7];
      const count = random.chance(0.5) ? [1] : [0, ...random.bytes(8)];
      return new Uint8Array([...head, ...size, ...text, ...count, 0, 1, ...tail]);
    });
    const leaves = rows.map((row) => rowLeaf(sha256, row));
    const rowIndex = random.integer(rows.length);
    const part: EntryCommitment = {
      table: 'Text_CL',
      shape: shapeDigest(sha256, columns),
      day: 739_000n,
      position,
      rows: rows.length,
      root: rootOf(sha256, leaves),
    };
    const parts = this.#leaves(1 + random.integer(5));
    const partIndex = random.integer(parts.length);
    parts[partIndex] = leafHash(sha256, entryLeafData(part));
    const type = utf8(random.pick(['rowsCommitted', 'rowsCommitted', 'tablePurged']));
    const head = Buffer.from([1, 2, 0, 1, 0, type.length]);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(parts.length);
    const metadata = new Uint8Array(Buffer.concat([head, type, count, rootOf(sha256, parts)]));
    return {
      kind: 'row',
      opening,
      metadata,
      part,
      partIndex,
      partPath: inclusionProof(sha256, parts, partIndex),
      columns,
      row: rows[rowIndex]!,
      rowIndex,
      rowPath: rowPath(sha256, leaves, rowIndex),
    };
  }
}

/** One small change, or none. */
class Mutation {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  of(question: Case): Case {
    const random = this.#random;
    if (random.chance(0.05)) return question;
    if (question.do === 'proof' && random.chance(0.7)) {
      const text = String(question['text']).replace(/^extra (.*)$/m, (_, extra: string) => {
        const subject = JSON.parse(Buffer.from(extra, 'base64').toString()) as object;
        return `extra ${toBase64(utf8(JSON.stringify(this.#value(subject))))}`;
      });
      return { ...question, text };
    }
    if ('text' in question) return { ...question, text: this.#text(String(question['text'])) };
    const name = random.pick(Object.keys(question).filter((each) => each !== 'do'));
    return { ...question, [name]: this.#plain(question[name]) };
  }

  /** Of numbers and hashes in hexadecimal: they stay such. */
  #plain(value: unknown): unknown {
    const random = this.#random;
    if (Array.isArray(value)) {
      const list = [...(value as string[])];
      const at = random.integer(list.length + 1);
      const how = random.integer(4);
      if (how === 0) list.splice(at, 1);
      else if (how === 1) list.splice(at, 0, toHex(random.bytes(32)));
      else if (how === 2 && list.length > 1) list.push(list.shift()!);
      else if (list.length > 0) {
        const place = random.integer(list.length);
        list[place] = String(this.#plain(list[place]));
      }
      return list;
    }
    const text = String(value);
    if (text.length < 20) return String(Math.max(0, Number(text) + random.integer(7) - 3));
    const bytes = fromHex(text);
    bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
    return toHex(bytes);
  }

  /** Somewhere inside a JSON value. */
  #value(value: unknown): unknown {
    const random = this.#random;
    if (Array.isArray(value)) {
      const list = [...(value as unknown[])];
      if (list.length === 0 || random.chance(0.2)) {
        if (random.chance(0.5)) list.push(toBase64(random.bytes(32)));
        else list.splice(random.integer(list.length + 1), 1);
        return list;
      }
      const at = random.integer(list.length);
      list[at] = this.#value(list[at]);
      return list;
    }
    if (typeof value === 'object' && value !== null) {
      const copy: Record<string, unknown> = { ...value };
      const name = random.pick(Object.keys(copy));
      if (random.chance(0.05)) delete copy[name];
      else copy[name] = this.#value(copy[name]);
      return copy;
    }
    if (typeof value === 'number') {
      return random.pick([value + 1, value - 1, value + 0.5, -value, String(value), 2 ** 40, null]);
    }
    if (typeof value !== 'string') return 7;
    const bytes = Buffer.from(value, 'base64');
    if (value.length < 20 || random.chance(0.3) || bytes.length === 0) return this.#text(value);
    bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
    return bytes.toString('base64');
  }

  #text(text: string): string {
    const random = this.#random;
    const letters = [...text];
    const at = random.integer(letters.length + 1);
    const strange = [
      '\n',
      ' ',
      '+',
      '=',
      '\u2014',
      '0',
      'A',
      '\t',
      '\u00a0',
      ';',
      ',',
      '\u007f',
      'ä',
    ];
    switch (random.integer(6)) {
      case 0:
        letters.splice(at, 1);
        break;
      case 1:
        letters.splice(at, 0, random.pick(strange));
        break;
      case 2:
        letters.splice(at, 1, random.pick(strange));
        break;
      case 3: {
        const lines = text.split('\n');
        const line = random.integer(lines.length);
        lines.splice(line, random.integer(2), ...(random.chance(0.5) ? [lines[line]!] : []));
        return lines.join('\n');
      }
      case 4: {
        const code = letters[at]?.codePointAt(0) ?? 65;
        letters.splice(
          at,
          1,
          String.fromCodePoint(code < 128 ? code ^ (1 << random.integer(6)) : 65),
        );
        break;
      }
      default:
        return letters.slice(0, at).join('');
    }
    return letters.join('');
  }
}

test(
  `the two verifiers agree on ${cases} mutated checkpoints, receipts, proofs, hand-overs and trees (seed: ${seed})`,
  { skip: absent },
  async () => {
    const random = seededRandom(seed);
    const sound = new Sound(random);
    const mutation = new Mutation(random);
    const python = spawn('python3', [join(repository, 'tests', 'verifier', 'verify.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
    const counts: Record<string, number> = {};
    try {
      for (let n = 0; n < cases; n += 1) {
        // Signatures are checked by a process each: most cases have none.
        const kinds = ['inclusion', 'consistency', 'tree', 'inclusion', 'consistency'] as const;
        const signed = ['checkpoint', 'receipt', 'proof', 'proof', 'followed'] as const;
        const kind = random.chance(0.3) ? random.pick(signed) : random.pick(kinds);
        const question = mutation.of(await sound[kind]());
        python.stdin.write(`${JSON.stringify(question)}\n`);
        const [mine, answer] = await Promise.all([ours(question), answers.next()]);
        const said = String(answer.value);
        const shown = `case ${n}: ${said} against ${mine}\n${JSON.stringify(question)}`;
        assert.equal(said === 'ok', mine, shown);
        const name = `${kind} ${mine ? 'taken' : 'refused'}`;
        counts[name] = (counts[name] ?? 0) + 1;
      }
    } finally {
      python.stdin.end();
      python.kill();
    }
    const all = ['inclusion', 'consistency', 'tree', 'checkpoint', 'receipt', 'proof', 'followed'];
    for (const kind of all) {
      for (const verdict of ['taken', 'refused']) {
        assert.ok((counts[`${kind} ${verdict}`] ?? 0) > 0, `some ${kind} is ${verdict}`);
      }
    }
  },
);
