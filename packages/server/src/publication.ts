import { StrongroomError, fromUtf8 } from '@strongroom/base';
import type { Clock, Fs, Sha256, WorkspaceId } from '@strongroom/base';
import {
  parseCheckpoint,
  parseVerifierKey,
  printAddCheckpoint,
  withCosignatures,
} from '@strongroom/ledger';
import type { VerifierKey } from '@strongroom/ledger';
import type { CatalogReader } from './catalog/catalog.js';
import { errorFields } from './log.js';
import type { Log } from './log.js';
import { replaceFile } from './workspaces/retry-memory.js';
import type { Workspaces } from './workspaces/workspace.js';

/**
 * Brings checkpoints to where this machine's disk does not reach: to witnesses (c2sp.org/tlog-witness),
 * and to a file, the output or a URL. What it shows there cannot be taken back, so a rollback is seen.
 *
 * The newest checkpoint with its cosignatures lies beside the ledger as `cosigned`.
 */
export interface PublicationOptions {
  readonly workspaces: Workspaces;
  readonly catalog: CatalogReader;
  /** Where a workspace's ledger lies. */
  readonly ledgerOf: (id: WorkspaceId, region: string) => string;
  readonly witnesses: readonly WitnessAddress[];
  /** A file that lines are added to, `-` for the output, or an `https:` URL; empty: none. */
  readonly export: string;
  readonly fs: Fs;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly log: Log;
  /** Writes to the output. */
  readonly print: (text: string) => void;
  readonly intervalMs: number;
}

/** Where a witness listens, and the key that its signatures are checked with. */
export interface WitnessAddress {
  readonly url: string;
  readonly key: VerifierKey;
}

/** `URL=KEY`, as the setting has it. Throws where it is not. */
export function readWitness(sha256: Sha256, text: string): WitnessAddress {
  const at = text.indexOf('=');
  const url = new URL(text.slice(0, at));
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('no http URL');
  return {
    url: url.href.replace(/\/$/, ''),
    key: parseVerifierKey(sha256, text.slice(at + 1)),
  };
}

/** Publishes until it is closed. */
export class Publication {
  readonly #options: PublicationOptions;
  readonly #stop = new AbortController();
  /** By workspace: the checkpoint that was published last. */
  readonly #published = new Map<string, string>();
  /** By witness and workspace: the size that the witness saw last. */
  readonly #seen = new Map<string, bigint>();
  #running: Promise<void> | undefined;

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('closing'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log, workspaces, intervalMs } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      for (const { workspaceId, sealed } of workspaces.statuses()) {
        // Nothing is opened for it: what does not run has nothing new.
        if (sealed === '' || signal.aborted) continue;
        await this.#publish(workspaceId).catch((error: unknown) => {
          log.warn('a checkpoint was not published', {
            workspace: workspaceId,
            ...errorFields(error),
          });
        });
      }
      await clock.sleep(intervalMs, signal).catch(() => undefined);
    }
  }

  async #publish(text: string): Promise<void> {
    const { catalog, workspaces, witnesses, fs, sha256, ledgerOf } = this.#options;
    const record = catalog.workspaces().find(({ workspaceId }) => workspaceId === text);
    if (record === undefined) return;
    const workspace = await workspaces.open(record.workspaceId);
    const checkpoint = workspace.checkpoint();
    if (checkpoint === undefined || this.#published.get(text) === checkpoint) return;
    let cosigned = checkpoint;
    for (const witness of witnesses) {
      const lines = await this.#ask(witness, record.workspaceId, checkpoint);
      const more =
        lines === undefined
          ? undefined
          : withCosignatures(sha256, cosigned, { lines, witness: witness.key });
      if (more === undefined) {
        this.#options.log.warn('a witness did not sign', { workspace: text, witness: witness.url });
      } else cosigned = more;
    }
    if (cosigned !== checkpoint) {
      const path = `${ledgerOf(record.workspaceId, record.region)}/cosigned`;
      await replaceFile(fs, path, new TextEncoder().encode(cosigned));
    }
    await this.#export(cosigned);
    this.#published.set(text, checkpoint);
  }

  /** Asks for a signature; the first answer may say which size the witness saw last. */
  async #ask(
    witness: WitnessAddress,
    id: WorkspaceId,
    checkpoint: string,
  ): Promise<string | undefined> {
    const { size } = parseCheckpoint(checkpoint);
    const key = `${witness.url} ${id}`;
    for (let tries = 0; tries < askTries; tries += 1) {
      const oldSize = this.#seen.get(key) ?? 0n;
      if (oldSize > size) {
        // Only a restore that was stated explains it.
        const epoch = await (await this.#options.workspaces.open(id)).epoch();
        if (epoch !== undefined && (await this.#tell(witness, 'add-epoch', epoch))) {
          this.#seen.delete(key);
          continue;
        }
        this.#options.log.error('a witness saw a larger ledger', {
          workspace: id,
          witness: witness.url,
        });
        return undefined;
      }
      const hashes = await this.#hashes(id, oldSize, size);
      if (hashes === undefined) return undefined;
      const response = await fetch(`${witness.url}/add-checkpoint`, {
        method: 'POST',
        body: printAddCheckpoint({ oldSize, hashes, checkpoint }),
        redirect: 'error',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(askMs)]),
      });
      const text = fromUtf8(new Uint8Array(await response.arrayBuffer()).slice(0, answerBytesMax));
      if (response.status === 200) {
        this.#seen.set(key, size);
        return text;
      }
      if (response.status === 403) {
        // It does not know the key yet: what the key before says of it.
        const { handOvers } = await this.#options.workspaces.open(id);
        if (handOvers === '' || !(await this.#tell(witness, 'add-hand-overs', handOvers))) {
          return undefined;
        }
        continue;
      }
      if (response.status !== 409 || !/^\d{1,18}\n$/.test(text)) return undefined;
      this.#seen.set(key, BigInt(text.trim()));
    }
    return undefined;
  }

  /** Tells a witness of ours what C2SP has no request for; false where it does not take it. */
  async #tell(witness: WitnessAddress, what: string, body: string): Promise<boolean> {
    const response = await fetch(`${witness.url}/${what}`, {
      method: 'POST',
      body,
      redirect: 'error',
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(askMs)]),
    });
    await response.arrayBuffer();
    return response.status === 200;
  }

  async #hashes(
    id: WorkspaceId,
    oldSize: bigint,
    size: bigint,
  ): Promise<readonly Uint8Array[] | undefined> {
    if (oldSize === 0n || oldSize === size) return [];
    const workspace = await this.#options.workspaces.open(id);
    const proof = await workspace.proofs.consistency(oldSize, size);
    return proof.hashes;
  }

  async #export(checkpoint: string): Promise<void> {
    const { export: to, fs } = this.#options;
    if (to === '') return;
    if (to === '-') {
      this.#options.print(`${checkpoint}\n`);
      return;
    }
    if (/^https?:/.test(to)) {
      const response = await fetch(to, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: checkpoint,
        redirect: 'error',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(askMs)]),
      });
      if (!response.ok) {
        throw new StrongroomError('EXPORT_REFUSED', `The export answered ${response.status}.`);
      }
      return;
    }
    const known = (await fs.stat(to)) !== undefined;
    const file = await fs.open(to, known ? 'write' : 'create');
    try {
      await file.write(await file.size(), new TextEncoder().encode(`${checkpoint}\n`));
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

const askMs = 10_000;
/** A size that differs, an epoch, hand-overs: each is told once. */
const askTries = 5;
const answerBytesMax = 65_536;
