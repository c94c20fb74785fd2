import { join } from 'node:path';
import { fromUtf8, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { limits } from './limits.js';
import { readSealedFile, writeSealedFile } from './sealed-file.js';
import type { AgentState } from './state.js';

/** The service's signed word for one batch. */
export interface KeptReceipt {
  readonly stream: string;
  readonly requestId: string;
  readonly rowCount: number;
  /** As the service sent it: see `docs/formats/receipt.md`. */
  readonly receipt: string;
}

const fileName = 'receipts';
const context = 'receipts';

/** The newest receipts, kept sealed: what to show where the service denies having had a batch. */
export class Receipts {
  readonly #fs: Fs;
  readonly #state: AgentState;
  #receipts: KeptReceipt[];
  #dirty = false;

  private constructor(fs: Fs, state: AgentState, receipts: KeptReceipt[]) {
    this.#fs = fs;
    this.#state = state;
    this.#receipts = receipts;
  }

  static async open(fs: Fs, state: AgentState): Promise<Receipts> {
    const path = join(state.directory, fileName);
    const kept = await readSealedFile(fs, state.sealer, path, context);
    return new Receipts(
      fs,
      state,
      kept === undefined ? [] : (JSON.parse(fromUtf8(kept)) as KeptReceipt[]),
    );
  }

  /** Oldest first. */
  get all(): readonly KeptReceipt[] {
    return this.#receipts;
  }

  add(receipt: KeptReceipt): void {
    this.#receipts.push(receipt);
    if (this.#receipts.length > 2 * limits.receiptsMax) {
      this.#receipts = this.#receipts.slice(-limits.receiptsMax);
    }
    this.#dirty = true;
  }

  /** Writes them if there are new ones. */
  async store(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const newest = this.#receipts.slice(-limits.receiptsMax);
    await writeSealedFile(
      this.#fs,
      this.#state.sealer,
      join(this.#state.directory, fileName),
      context,
      utf8(JSON.stringify(newest)),
    );
  }
}
