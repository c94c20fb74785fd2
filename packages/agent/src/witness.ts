import { join } from 'node:path';
import { equalBytes, fromUtf8, utf8 } from '@strongroom/base';
import type { Fs, Sha256 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import {
  followHandOvers,
  parseCheckpoint,
  parseHandOverText,
  parseHandOvers,
  parseVerifierKey,
  printHandOverText,
  verifyCheckpoint,
  verifyContinuation,
  verifyEpoch,
} from '@strongroom/ledger';
import type { Epoch, VerifierKey } from '@strongroom/ledger';
import { readSealedFile, writeSealedFile } from './sealed-file.js';
import type { AgentState } from './state.js';

const fileName = 'checkpoint';
const context = 'checkpoint';
const epochFile = 'epoch';
const handOverFile = 'handovers';

/** What a newer checkpoint means for what was seen before. */
export type Witnessed =
  { readonly ok: true; readonly size: bigint } | { readonly ok: false; readonly reason: string };

/**
 * Remembers the newest checkpoint of the workspace's ledger, and notices a service that went back.
 *
 * A ledger only grows. A smaller tree, another root of the same size, another ledger's name, or none
 * at all where there was one, means that the service lost or replaced what it had acknowledged. Each is
 * verified with the key that the service gave when the agent enrolled, so that nobody else, with the
 * service's TLS key but without the ledger's, can show one that passes.
 */
export class Witness {
  readonly #fs: Fs;
  readonly #state: AgentState;
  readonly #sha256: Sha256;
  /** The ledger's key as the service gave it when the agent enrolled: what everything is followed from. */
  readonly #key: VerifierKey | undefined;
  /** The hand-overs of that key that were followed, oldest first. */
  #handOvers: readonly string[];
  #keys: readonly VerifierKey[];
  #text: string | undefined;
  #epoch: bigint;

  private constructor(
    fs: Fs,
    sha256: Sha256,
    state: AgentState,
    kept: { text: string | undefined; epoch: bigint; handOvers: readonly string[] },
  ) {
    this.#fs = fs;
    this.#state = state;
    this.#sha256 = sha256;
    const { verifierKey } = state.identity;
    this.#key = verifierKey === undefined ? undefined : parseVerifierKey(sha256, verifierKey);
    this.#text = kept.text;
    this.#epoch = kept.epoch;
    this.#handOvers = kept.handOvers;
    this.#keys = this.#key === undefined ? [] : [this.#key];
  }

  static async open(fs: Fs, sha256: Sha256, state: AgentState): Promise<Witness> {
    const path = join(state.directory, fileName);
    const kept = await readSealedFile(fs, state.sealer, path, context);
    const epoch = await readSealedFile(
      fs,
      state.sealer,
      join(state.directory, epochFile),
      epochFile,
    );
    const followed = await readSealedFile(
      fs,
      state.sealer,
      join(state.directory, handOverFile),
      handOverFile,
    );
    const witness = new Witness(fs, sha256, state, {
      text: kept === undefined ? undefined : fromUtf8(kept),
      epoch: epoch === undefined ? 0n : BigInt(fromUtf8(epoch)),
      handOvers: followed === undefined ? [] : parseHandOvers(sha256, followed),
    });
    const chain = await witness.#follow(witness.#handOvers);
    if (chain !== undefined) witness.#keys = chain;
    return witness;
  }

  /** The keys that hand-overs lead to from the one of the enrolment; undefined where they do not. */
  async #follow(handOvers: readonly string[]): Promise<readonly VerifierKey[] | undefined> {
    if (this.#key === undefined) return undefined;
    const verdict = await followHandOvers(handOvers, {
      sha256: this.#sha256,
      verifySignature: verifyEd25519,
      keys: [this.#key],
      origin: this.#key.name,
    });
    return verdict.ok ? verdict.value.keys : undefined;
  }

  /**
   * Takes further hand-overs of the ledger's signing key, as the service shows them all: those that were
   * taken before must be among them, unchanged. True where there was a new one; its key is believed from
   * then on, and the one before it no more for what comes.
   */
  async acceptHandOvers(text: string): Promise<boolean> {
    let shown: string[];
    try {
      shown = parseHandOverText(this.#sha256, text);
    } catch {
      return false;
    }
    const known = this.#handOvers;
    if (shown.length <= known.length || known.some((each, at) => shown[at] !== each)) return false;
    const keys = await this.#follow(shown);
    if (keys === undefined) return false;
    await this.#keepHandOvers(shown);
    this.#keys = keys;
    return true;
  }

  async #keepHandOvers(handOvers: readonly string[]): Promise<void> {
    const text = printHandOverText(this.#sha256, handOvers);
    await this.#keep(handOverFile, handOverFile, text);
    this.#handOvers = handOvers;
  }

  /** Number of the newest epoch that was accepted; 0 before the first restore. */
  get epoch(): bigint {
    return this.#epoch;
  }

  /**
   * Accepts that the ledger was restored to an earlier point, once for each statement: it must be signed
   * by the ledger's key, be newer than those before, and keep no more than was seen. From then on the
   * checkpoint that it keeps is the newest one seen, and what the service shows must continue that.
   * `undefined` where the statement does not explain what was seen.
   */
  async acceptEpoch(statement: string): Promise<Epoch | undefined> {
    const before = this.size;
    if (this.#key === undefined || before === undefined) return undefined;
    const verdict = await verifyEpoch(statement, {
      sha256: this.#sha256,
      verifySignature: verifyEd25519,
      keys: this.#keys,
      origin: this.#key.name,
    });
    if (!verdict.ok) return undefined;
    const { number, kept, key } = verdict.value;
    if (number <= this.#epoch || kept.size > before) return undefined;
    // The number first: a crash between leaves a witness that still refuses, not one that accepts twice.
    await this.#keep(epochFile, epochFile, number.toString());
    this.#epoch = number;
    if (key.retired !== undefined) {
      // The service is as it was before that key was replaced; it may be replaced by another one.
      const remaining = this.#keys.filter(({ retired }) => retired !== undefined).toReversed();
      const at = remaining.findIndex(({ publicKey }) => equalBytes(publicKey, key.publicKey));
      await this.#keepHandOvers(this.#handOvers.slice(0, at));
      this.#keys = (await this.#follow(this.#handOvers)) ?? this.#keys;
    }
    await this.#keep(fileName, context, kept.text);
    this.#text = kept.text;
    return verdict.value;
  }

  #keep(name: string, about: string, text: string): Promise<void> {
    const path = join(this.#state.directory, name);
    return writeSealedFile(this.#fs, this.#state.sealer, path, about, utf8(text));
  }

  /** The newest checkpoint seen, a C2SP signed note; `undefined` before the first. */
  get checkpoint(): string | undefined {
    return this.#text;
  }

  /** Leaves in the newest tree seen. */
  get size(): bigint | undefined {
    return this.#text === undefined ? undefined : parseCheckpoint(this.#text).size;
  }

  /**
   * Judges what the service shows now (`undefined`: none), and keeps it where it is newer. A larger tree
   * is taken only with the hashes that prove that it continues the one seen before.
   */
  async see(text: string | undefined, hashes?: readonly Uint8Array[]): Promise<Witnessed> {
    const before = this.#text === undefined ? undefined : parseCheckpoint(this.#text);
    if (text === undefined) {
      if (before === undefined || before.size === 0n) return { ok: true, size: 0n };
      return { ok: false, reason: `the ledger of ${before.size} entries is gone` };
    }
    if (this.#key === undefined) return { ok: false, reason: 'the ledger’s key is not known' };
    const verifier = {
      sha256: this.#sha256,
      verifySignature: verifyEd25519,
      keys: this.#keys,
      origin: this.#key.name,
    };
    const alone = await verifyCheckpoint(text, verifier);
    if (!alone.ok) {
      return { ok: false, reason: `the checkpoint is not the ledger’s (${alone.code})` };
    }
    const verdict = await verifyContinuation(text, { ...verifier, before: this.#text, hashes });
    if (!verdict.ok) return { ok: false, reason: verdict.message };
    const { size } = verdict.value;
    if (before === undefined || size > before.size) {
      await this.#keep(fileName, context, text);
      this.#text = text;
    }
    return { ok: true, size };
  }
}
