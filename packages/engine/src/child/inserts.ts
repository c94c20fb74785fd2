/**
 * Inserts, one after the other: rows in, one part out, synced, counted.
 *
 * The answer is given when the part and the names that lead to it survive power loss. ClickHouse
 * syncs a part's files (`fsync_after_insert`) but on encrypted disks not its directories, so this
 * does.
 */

import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type {
  InsertCounts,
  InsertRequest,
  ScriptRequest,
  StageRequest,
  WireInsert,
  WireStatement,
} from '../protocol.js';
import { ReceivedRows } from './arrow.js';
import type { VouchedPart } from './manifest.js';
import type { Session } from './sessions.js';
import { run, runRows, set } from './sessions.js';

const rowsName = '_received';
const linesName = '_received_lines';

/** A part as `system.parts` shows it. */
interface Part {
  readonly table: string;
  readonly name: string;
  readonly path: string;
  readonly rows: number;
  readonly level: number;
  readonly maxBlock: number;
}

export class TooManyRows extends Error {}

export class Inserter {
  readonly #session: Session;
  /** Greatest block number seen in a table: what is above it was inserted since. */
  readonly #maxBlocks = new Map<string, number>();

  /** By the request that brought them. */
  readonly #staged = new Map<number, ReceivedRows>();

  readonly #vouch: (parts: readonly VouchedPart[]) => Promise<void>;

  /** `vouch` is told of each part that is durable, before its insert is reported. */
  constructor(session: Session, vouch: (parts: readonly VouchedPart[]) => Promise<void>) {
    this.#session = session;
    this.#vouch = vouch;
  }

  async #keep(parts: readonly Part[]): Promise<void> {
    await syncParts(parts);
    await this.#vouch(parts);
  }

  /** Forgets what is known of a table that was dropped. */
  forget(table: string): void {
    this.#maxBlocks.delete(table);
  }

  /** Runs statements one after the other, then syncs the parts that are named. */
  async script(request: ScriptRequest): Promise<void> {
    try {
      for (const statement of request.statements) await run(this.#session, statement);
    } finally {
      if (request.forget !== undefined) this.forget(request.forget);
    }
    if (request.parts !== undefined) await syncParts(await this.#parts(request.parts));
  }

  /** Finds the rows in `payload`, while the engine may be busy with those before, and keeps them. */
  stage(request: StageRequest, payload: Buffer): void {
    this.#staged.set(request.id, new ReceivedRows(payload, request.entries, request.rowsMax));
  }

  unstage(id: number): void {
    this.#staged.delete(id);
  }

  async insert(request: InsertRequest): Promise<InsertCounts> {
    const rows = this.#staged.get(request.staged);
    this.#staged.delete(request.staged);
    if (rows === undefined) throw new Error('no rows were staged for this');
    if (rows.areTooMany) throw new TooManyRows('too many rows');
    if (rows.length === 0) return { received: 0, stored: 0, deadLettered: 0 };

    const attempt = (planned: WireInsert, deduplicate: boolean): Promise<unknown> => {
      const names = planned.readsLinesToo ? [rowsName, linesName] : [rowsName];
      return rows.during(this.#session, names, async () => {
        set(this.#session, deduplicate ? planned.once : planned.again);
        return run(this.#session, planned.statement);
      });
    };

    const stored = await this.#store(request, attempt);
    if (stored === rows.length) return { received: rows.length, stored, deadLettered: 0 };

    // Fewer than came: some were filtered, or do not fit.
    for (const planned of request.deadLetters) await attempt(planned, true);
    let found = await runRows(this.#session, request.foundDeadLetters);
    if (count(found) === 0) {
      // Either there are none, or ClickHouse knows the token of rows that were deleted since.
      for (const planned of request.deadLetters) await attempt(planned, false);
      found = await runRows(this.#session, request.foundDeadLetters);
    }
    const names = new Set(found.map((row) => String(row[0])));
    const parts = await this.#parts(request.parts);
    await this.#keep(
      parts.filter((part) => part.table === request.deadLetterTable && names.has(part.name)),
    );
    return { received: rows.length, stored, deadLettered: count(found) };
  }

  /** Inserts where the range is not there yet. Resolves with its rows in the table, synced. */
  async #store(
    request: InsertRequest,
    attempt: (planned: WireInsert, deduplicate: boolean) => Promise<unknown>,
  ): Promise<number> {
    const { table } = request;
    const ofTable = async (): Promise<Part[]> =>
      (await this.#parts(request.parts)).filter((part) => part.table === table);
    const known = this.#maxBlocks.get(table) ?? greatest(await ofTable(), -1);
    await attempt(request.store, true);
    let parts = await ofTable();
    const fresh = parts.filter((part) => part.maxBlock > known);
    this.#maxBlocks.set(table, greatest(parts, known));
    const [only] = fresh;
    if (only !== undefined && fresh.length === 1 && only.level === 0) {
      await this.#keep(fresh);
      return only.rows;
    }
    // No part of its own: nothing fitted, or the token was known, or a merge was faster.
    let found = await runRows(this.#session, request.found);
    if (count(found) === 0) {
      await attempt(request.store, false);
      found = await runRows(this.#session, request.found);
      parts = await ofTable();
      this.#maxBlocks.set(table, greatest(parts, known));
    }
    const names = new Set(found.map((row) => String(row[0])));
    await this.#keep(parts.filter((part) => names.has(part.name)));
    return count(found);
  }

  async #parts(statement: WireStatement): Promise<Part[]> {
    return (await runRows(this.#session, statement)).map((row) => ({
      table: String(row[0]),
      name: String(row[1]),
      path: String(row[2]),
      rows: Number(row[3]),
      level: Number(row[4]),
      maxBlock: Number(row[5]),
    }));
  }
}

const count = (found: readonly unknown[][]): number =>
  found.reduce((sum, row) => sum + Number(row[1]), 0);

function greatest(parts: readonly Part[], least: number): number {
  return parts.reduce((max, part) => Math.max(max, part.maxBlock), least);
}

/** Syncs the parts' directories and the tables' directories that name them. */
async function syncParts(parts: readonly Part[]): Promise<void> {
  const directories = new Set<string>();
  for (const part of parts) {
    const path = part.path.replace(/\/$/, '');
    directories.add(path).add(dirname(path));
  }
  for (const directory of directories) {
    let handle;
    try {
      handle = await open(directory, 'r');
    } catch (error) {
      // A merge has replaced the part since; what replaced it is synced by its own rule.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
      throw error;
    }
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
